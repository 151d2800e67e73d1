//! Values that the host defines.

use std::any::Any;
use std::fmt::Debug;

use super::Value;
use crate::error::Fault;

/// Something of the host's with fields and methods, such as a parsed version.
///
/// Two objects are equal if their type and their JSON are.
pub trait Object: Any + Debug + Send + Sync {
    /// What `type()` says.
    fn type_name(&self) -> &str;

    /// The field of that name, `None` if there is no such field.
    fn field(&self, name: &str) -> Option<Value> {
        _ = name;
        None
    }

    /// Calls a method, `None` if there is no such method.
    fn call(&self, method: &str, args: &[Value]) -> Option<Result<Value, Fault>> {
        _ = (method, args);
        None
    }

    /// What stands in a document for it.
    fn json(&self) -> serde_json::Value;

    /// What `string()` gives.
    fn text(&self) -> String {
        match self.json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
    }
}
