//! Promotion policies: whether a Stage promotes by itself.

use std::collections::BTreeMap;

use argosy_api::policy::{LabelOperator, LabelRequirement, PromotionPolicy, Selector};

use crate::pattern::NamePattern;

/// Whether the first policy that matches the Stage switches auto-promotion on. No match is off.
pub fn auto_promotion_enabled(
    policies: &[PromotionPolicy],
    stage: &str,
    labels: &BTreeMap<String, String>,
) -> bool {
    let first = policies
        .iter()
        .find(|policy| matches(policy, stage, labels));
    first.is_some_and(|policy| policy.auto_promotion_enabled)
}

/// Whether a selector chooses an object of this name with these labels.
///
/// An empty selector chooses nothing: it would switch on everywhere what nobody asked for.
pub fn selects(selector: &Selector, name: &str, labels: &BTreeMap<String, String>) -> bool {
    let is_empty = selector.name.is_none()
        && selector.match_labels.is_empty()
        && selector.match_expressions.is_empty();
    let by_name = |pattern: &str| {
        pattern
            .parse::<NamePattern>()
            .is_ok_and(|pattern| pattern.matches(name))
    };
    !is_empty
        && selector.name.as_deref().is_none_or(by_name)
        && selector
            .match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
        && selector
            .match_expressions
            .iter()
            .all(|requirement| holds(requirement, labels))
}

fn matches(policy: &PromotionPolicy, stage: &str, labels: &BTreeMap<String, String>) -> bool {
    match &policy.stage_selector {
        Some(selector) => selects(selector, stage, labels),
        None => policy.stage.as_deref() == Some(stage),
    }
}

fn holds(requirement: &LabelRequirement, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(&requirement.key);
    let listed = value.is_some_and(|value| requirement.values.contains(value));
    match requirement.operator {
        LabelOperator::In => listed,
        LabelOperator::NotIn => !listed,
        LabelOperator::Exists => value.is_some(),
        LabelOperator::DoesNotExist => value.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policies: &str, stage: &str, expected: bool) {
        let policies: Vec<PromotionPolicy> = yaml_serde::from_str(policies).unwrap();
        let labels = BTreeMap::from([("env".to_owned(), "dev".to_owned())]);
        assert_eq!(auto_promotion_enabled(&policies, stage, &labels), expected);
    }

    #[test]
    fn the_first_match_wins() {
        let policies = "[{stage: dev, autoPromotionEnabled: false}, {stageSelector: {name: dev}, autoPromotionEnabled: true}]";
        check(policies, "dev", false);
    }

    #[test]
    fn no_match_is_off() {
        check("[{stage: dev, autoPromotionEnabled: true}]", "prod", false);
    }

    #[test]
    fn names_may_be_patterns() {
        check(
            "[{stageSelector: {name: 'glob:prod-*'}, autoPromotionEnabled: true}]",
            "prod-eu",
            true,
        );
        check(
            "[{stageSelector: {name: 'regex:^prod'}, autoPromotionEnabled: true}]",
            "prod-eu",
            true,
        );
        check(
            "[{stageSelector: {name: 'glob:prod-*'}, autoPromotionEnabled: true}]",
            "dev",
            false,
        );
    }

    #[test]
    fn name_and_labels_must_both_match() {
        let by = |name: &str, value: &str| {
            format!(
                "[{{stageSelector: {{name: {name}, matchLabels: {{env: {value}}}}}, autoPromotionEnabled: true}}]"
            )
        };
        check(&by("a", "dev"), "a", true);
        check(&by("a", "prod"), "a", false);
        check(&by("b", "dev"), "a", false);
    }

    #[test]
    fn expressions_on_labels() {
        let with = |rule: &str| {
            format!(
                "[{{stageSelector: {{matchExpressions: [{rule}]}}, autoPromotionEnabled: true}}]"
            )
        };
        check(
            &with("{key: env, operator: In, values: [dev, test]}"),
            "a",
            true,
        );
        check(
            &with("{key: env, operator: NotIn, values: [dev]}"),
            "a",
            false,
        );
        check(
            &with("{key: tier, operator: NotIn, values: [dev]}"),
            "a",
            true,
        );
        check(&with("{key: env, operator: Exists}"), "a", true);
        check(&with("{key: env, operator: DoesNotExist}"), "a", false);
    }

    #[test]
    fn a_policy_that_names_nothing_matches_nothing() {
        check("[{autoPromotionEnabled: true}]", "dev", false);
        check(
            "[{stageSelector: {}, autoPromotionEnabled: true}]",
            "dev",
            false,
        );
    }
}
