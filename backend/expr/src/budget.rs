//! What an evaluation may use. An expression is written by people who are not operators of the cluster.

use crate::error::Fault;

/// Items of arrays and maps that may be made, in all.
const ITEMS: usize = 1_000_000;
/// Bytes of text that may be made, in all.
const TEXT: usize = 32 << 20;
/// Nodes that may be visited and items that functions may look at, in all.
const STEPS: usize = 20_000_000;

#[derive(Debug)]
pub(crate) struct Budget {
    items: usize,
    text: usize,
    steps: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            items: ITEMS,
            text: TEXT,
            steps: STEPS,
        }
    }

    /// Before an array or map of `count` is made.
    pub(crate) fn items(&mut self, count: usize) -> Result<(), Fault> {
        self.steps(count)?;
        if self.items <= count {
            return Err(Fault::limit("the expression makes too many items"));
        }
        self.items -= count;
        Ok(())
    }

    /// Before a text of `length` bytes is made.
    pub(crate) fn text(&mut self, length: usize) -> Result<(), Fault> {
        self.steps(length / 64)?;
        self.text = self
            .text
            .checked_sub(length)
            .ok_or_else(|| Fault::limit("the expression makes too much text"))?;
        Ok(())
    }

    /// Before `count` small things are done.
    pub(crate) fn steps(&mut self, count: usize) -> Result<(), Fault> {
        self.steps = self
            .steps
            .checked_sub(count)
            .ok_or_else(|| Fault::limit("the expression takes too long"))?;
        Ok(())
    }
}
