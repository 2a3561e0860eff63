//! Which fact of a merged event came from which copy. Names of facts only, never a value.

/// What each copy gave to the merged event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Names of facts, in the order of the copies. Without a place for a copy nothing is noted of it.
    gave: Vec<Vec<String>>,
}

impl Lineage {
    /// Makes a lineage that notes what each of this many copies gave; with none it notes nothing.
    pub(super) fn of(copies: usize) -> Self {
        Self {
            gave: vec![Vec::new(); copies],
        }
    }

    /// Notes that a copy gave a fact.
    pub(super) fn note(&mut self, copy: usize, fact: &str) {
        if let Some(facts) = self.gave.get_mut(copy)
            && !facts.iter().any(|known| known == fact)
        {
            facts.push(fact.to_owned());
        }
    }

    /// Returns the names of the facts that each copy gave, in the order of the copies.
    pub fn gave(&self) -> &[Vec<String>] {
        &self.gave
    }
}
