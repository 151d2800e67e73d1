//! Names of Freight, for machines and for people.

mod alias;
mod name;
mod words;

pub use alias::alias;
pub use name::{collection_id, name};
