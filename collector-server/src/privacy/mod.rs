//! What a privacy officer needs: proof of consent, who may look, who has looked.
//!
//! Pure rules; the tables are the store's, the doors are `intake`'s and `cli`'s. [`subject`] says who a record
//! is about without saying who; [`task`] is what an erasure is. [`chain`] is the one hash chain of both logs: the
//! receipts of [`ledger`] and the rows of [`audit`]. [`keys`] are those of what is kept.

pub mod audit;
pub mod chain;
pub mod id;
pub mod keys;
pub mod ledger;
pub mod retention;
pub mod subject;
pub mod task;
pub mod tokens;
