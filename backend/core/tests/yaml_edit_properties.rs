//! Whatever a YAML file looks like, an update changes the value it names and nothing else, as
//! another YAML reader sees it.

use argosy_core::edit::yaml::{Update, update};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A file being written: its text, and the keys of all single values in it.
#[derive(Debug, Clone, Default)]
struct File {
    text: String,
    keys: Vec<String>,
    comments: usize,
}

/// How a value looks in the file.
#[derive(Debug, Clone)]
enum Shape {
    Scalar(&'static str),
    Block(&'static str),
    Flow(&'static str, &'static [&'static str]),
    Map(Vec<(usize, Self)>),
    List(Vec<Self>),
}

const SCALARS: &[&str] = &[
    "1",
    "1.50",
    "true",
    "null",
    "~",
    "plain",
    "two words",
    "v1.2.3",
    "a:b#c",
    "ghcr.io/a/b:1",
    "'single'",
    "'it''s'",
    "\"double\"",
    "\"esc\\n\\\"q\\\"\"",
    "\"\"",
    "''",
    "é✓",
    "!t x",
    "!!str 1",
    "\"a # b\"",
    "'# c'",
    "0x1F",
    "2024-01-01",
    "\"multi\n      line\"",
];
const BLOCKS: &[&str] = &["|", "|-", ">", ">-", "|+", "| # c"];
const FLOWS: &[(&str, &[&str])] = &[
    ("{p: 1, q: \"two\", r: 'x'}", &["p", "q", "r"]),
    ("[1, \"b\", c d , [e]]", &["0", "1", "2", "3.0"]),
    ("{\"p\":{s: t},  q: [u]}", &["p.s", "q.0"]),
];
const KEYS: &[&str] = &[
    "a",
    "image",
    "\"quoted\"",
    "'sq'",
    "é",
    "x-y",
    "k_1",
    "\"d.o.t\"",
    "7",
];
const COMMENTS: &[&str] = &["", "", " # note", "   # it's \"x\": {", " #"];

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        4 => (0..SCALARS.len()).prop_map(|at| Shape::Scalar(SCALARS[at])),
        1 => (0..BLOCKS.len()).prop_map(|at| Shape::Block(BLOCKS[at])),
        1 => (0..FLOWS.len()).prop_map(|at| Shape::Flow(FLOWS[at].0, FLOWS[at].1)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::btree_map(0..KEYS.len(), inner.clone(), 1..4)
                .prop_map(|map| Shape::Map(map.into_iter().collect())),
            prop::collection::vec(inner, 1..3).prop_map(Shape::List),
        ]
    })
}

impl File {
    fn write(shape: &Shape, comments: &mut impl Iterator<Item = usize>) -> Self {
        let mut file = Self::default();
        file.node(shape, 0, &mut Vec::new(), comments);
        file
    }

    fn node(
        &mut self,
        shape: &Shape,
        indent: usize,
        path: &mut Vec<String>,
        comments: &mut impl Iterator<Item = usize>,
    ) {
        let comment = COMMENTS[comments.next().unwrap_or(0) % COMMENTS.len()];
        match shape {
            Shape::Scalar(text) => {
                self.keys.push(path.join("."));
                self.text.push_str(&format!(" {text}{comment}\n"));
            }
            Shape::Block(header) => {
                self.keys.push(path.join("."));
                let pad = " ".repeat(indent + 1);
                self.text.push_str(&format!(
                    " {header}\n{pad}one\n\n{pad}  two: x\n{pad}# three\n\n"
                ));
                return;
            }
            Shape::Flow(text, keys) => {
                for key in *keys {
                    let key = [path.join("."), (*key).to_owned()].join(".");
                    self.keys.push(key.trim_start_matches('.').to_owned());
                }
                self.text.push_str(&format!(" {text}{comment}\n"));
            }
            Shape::Map(entries) => {
                self.text.push_str(&format!("{comment}\n"));
                for (key, value) in entries {
                    self.text
                        .push_str(&format!("{}{}:", " ".repeat(indent), KEYS[*key]));
                    path.push(KEYS[*key].trim_matches(['"', '\'']).replace('.', "\\."));
                    self.node(value, indent + 2, path, comments);
                    path.pop();
                }
            }
            Shape::List(items) => {
                self.text.push_str(&format!("{comment}\n"));
                for (at, value) in items.iter().enumerate() {
                    self.text.push_str(&format!("{}-", " ".repeat(indent)));
                    path.push(at.to_string());
                    self.node(value, indent + 2, path, comments);
                    path.pop();
                }
            }
        }
        self.comments += usize::from(!comment.is_empty());
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        "([a-z: #]{0,5}\n){1,3}[a-z]{0,3}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        (0..SCALARS.len()).prop_map(|at| Value::from(SCALARS[at])),
        Just(json!(["a", {"b": [1, "yes"]}])),
    ]
}

/// The documents as serde sees them. Tags that it does not know are taken off.
fn read(text: &str) -> Result<yaml_serde::Value, String> {
    yaml_serde::from_str(text).map_err(|error| error.to_string())
}

fn at<'a>(root: &'a mut yaml_serde::Value, key: &str) -> Option<&'a mut yaml_serde::Value> {
    let parts = key.replace("\\.", "\u{1}");
    let mut node = root;
    for part in parts.split('.') {
        let part = part.replace('\u{1}', ".");
        node = match node {
            yaml_serde::Value::Sequence(items) => items.get_mut(part.parse::<usize>().ok()?)?,
            yaml_serde::Value::Mapping(map) => {
                let key = map.keys().find(|key| match key {
                    yaml_serde::Value::String(key) => *key == part,
                    yaml_serde::Value::Number(key) => key.to_string() == part,
                    _ => false,
                });
                let key = key?.clone();
                map.get_mut(&key)?
            }
            _ => return None,
        };
    }
    Some(node)
}

fn untagged(value: &yaml_serde::Value) -> &yaml_serde::Value {
    match value {
        yaml_serde::Value::Tagged(tagged) => untagged(&tagged.value),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_named_value_changes(
        shape in shape().prop_filter("a key is needed", |s| matches!(s, Shape::Map(_) | Shape::List(_))),
        comments in prop::collection::vec(0..COMMENTS.len(), 0..12),
        which in any::<prop::sample::Index>(),
        value in value(),
        crlf in any::<bool>(),
    ) {
        let file = File::write(&shape, &mut comments.into_iter());
        let text = file.text.trim_start_matches('\n').to_owned();
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let key = which.get(&file.keys).clone();
        let mut before = read(&text).map_err(TestCaseError::fail)?;
        let change = Update { key: key.parse().unwrap(), value: value.clone() };
        let changed = update(&text, &[change])
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let after = read(&changed);
        prop_assert!(after.is_ok(), "{:?}\n{}\n->\n{}", after, text, changed);
        let mut after = after.unwrap();

        let got = at(&mut after, &key).unwrap();
        let wanted: yaml_serde::Value = yaml_serde::to_value(&value).unwrap();
        let same_number = got.as_f64().is_some() && untagged(got).as_f64() == wanted.as_f64();
        prop_assert!(same_number || untagged(got) == &wanted, "{:?} != {:?}\n{}", got, wanted, changed);
        *at(&mut before, &key).unwrap() = got.clone();
        prop_assert_eq!(&before, &after, "{}\n->\n{}", text, changed);

        let comments = |text: &str| COMMENTS.iter().skip(2).map(|c| text.matches(&format!("{c}\n")).count() + text.matches(&format!("{c}\r\n")).count()).sum::<usize>();
        prop_assert!(comments(&text) <= comments(&changed), "{}\n->\n{}", text, changed);
        prop_assert_eq!(changed.matches("\r\n").count() == changed.matches('\n').count(), crlf || !changed.contains('\n'));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-z:\\[\\]{},#&*!|>'\" \n\t?%@`.0-9é\r]{0,60}", value in value()) {
        for key in ["a", "0", "a.b", "0.0"] {
            let change = Update { key: key.parse().unwrap(), value: value.clone() };
            let _ = update(&text, &[change]);
        }
    }
}
