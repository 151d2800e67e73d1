//! Constraints and versions, a line each: whatever is read means the same when it is read again,
//! and an error is at a place in the text.

#![no_main]

use argosy_core::constraint::{Constraint, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (constraint, version) = text.split_once('\n').unwrap_or((text, "1.2.3"));
    let version = Version::loose(version);
    if let Ok(version) = &version {
        let again = Version::strict(&version.to_string()).expect("it is written in full");
        assert!(version.precedence(&again).is_eq());
        let same: Constraint = format!("={again}").parse().expect("it is a version");
        assert!(same.allows(version));
    }
    match constraint.parse::<Constraint>() {
        Ok(constraint) => {
            let twice = format!("{constraint}||{constraint}");
            let twice: Constraint = twice.parse().expect("each half is a constraint");
            if let Ok(version) = version {
                assert_eq!(constraint.allows(&version), twice.allows(&version));
            }
        }
        Err(error) => assert!(error.column <= constraint.chars().count() + 1),
    }
});
