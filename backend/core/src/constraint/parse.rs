//! Reads constraints.

use semver::{BuildMetadata, Prerelease};

use super::{Alternative, Comparison, ConstraintError, Given, Operator};

/// Reads `a b, c || d`.
pub(super) fn alternatives(text: &str) -> Result<Vec<Alternative>, ConstraintError> {
    let mut reader = Reader { text, at: 0 };
    let mut found = vec![reader.alternative()?];
    while reader.take("||") {
        found.push(reader.alternative()?);
    }
    if reader.rest().is_empty() {
        Ok(found)
    } else {
        Err(reader.error("expected a space, comma or ||"))
    }
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn alternative(&mut self) -> Result<Alternative, ConstraintError> {
        let mut comparisons = Vec::new();
        self.skip_spaces();
        loop {
            self.comparisons(&mut comparisons)?;
            let spaced = self.skip_spaces();
            let comma = self.take(",");
            if comma {
                self.skip_spaces();
            }
            let ended = self.rest().is_empty() || self.rest().starts_with("||");
            if !comma && (ended || !spaced) {
                return Ok(Alternative { comparisons });
            }
        }
    }

    /// Reads one comparison, or both of a range `1.2 - 1.5`.
    fn comparisons(&mut self, found: &mut Vec<Comparison>) -> Result<(), ConstraintError> {
        let operator = OPERATORS
            .iter()
            .find(|(sign, _)| self.rest().starts_with(sign));
        if let Some((sign, operator)) = operator {
            self.at += sign.len();
            self.skip_spaces();
            found.push(self.bound(*operator)?);
            return Ok(());
        }
        let mut low = self.bound(Operator::Equal)?;
        let before = self.at;
        if self.skip_spaces() && self.take("-") && self.skip_spaces() {
            low.operator = Operator::GreaterOrEqual;
            found.push(low);
            found.push(self.bound(Operator::LessOrEqual)?);
        } else {
            self.at = before;
            found.push(low);
        }
        Ok(())
    }

    fn bound(&mut self, operator: Operator) -> Result<Comparison, ConstraintError> {
        self.take("v");
        let mut numbers = [0; 3];
        let mut given = Given::None;
        let mut wild = false;
        for (place, up_to_here) in [Given::Major, Given::MajorMinor, Given::All]
            .iter()
            .enumerate()
        {
            if 0 < place && !self.take(".") {
                break;
            }
            match self.part()? {
                Some(number) if !wild => (numbers[place], given) = (number, *up_to_here),
                // What follows a wildcard has always been passed over.
                Some(_) => {}
                None => wild = true,
            }
        }
        let pre = if self.take("-") {
            self.identifiers()
        } else {
            ""
        };
        let pre = Prerelease::new(pre).map_err(|_| self.error("malformed pre-release before"))?;
        if self.text[..self.at].ends_with('-') && pre.is_empty() {
            return Err(self.error("expected a pre-release"));
        }
        if self.take("+") {
            let build = self.identifiers();
            if build.is_empty() || BuildMetadata::new(build).is_err() {
                return Err(self.error("malformed build metadata before"));
            }
        }
        Ok(Comparison::new(operator, numbers, given, pre))
    }

    /// A number, or none for a wildcard.
    fn part(&mut self) -> Result<Option<u64>, ConstraintError> {
        if ["*", "x", "X"]
            .into_iter()
            .any(|wildcard| self.take(wildcard))
        {
            return Ok(None);
        }
        let digits = self.while_matches(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.error("expected a version"));
        }
        let number = digits
            .parse()
            .map_err(|_| self.error("number too large before"))?;
        Ok(Some(number))
    }

    fn identifiers(&mut self) -> &'a str {
        self.while_matches(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn skip_spaces(&mut self) -> bool {
        !self
            .while_matches(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c'))
            .is_empty()
    }

    fn while_matches(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn error(&self, message: &'static str) -> ConstraintError {
        let column = self.text[..self.at].chars().count() + 1;
        ConstraintError {
            constraint: self.text.to_owned(),
            column,
            message,
        }
    }
}
