//! What is seen on the page: arrivals and pages, and the header under which events leave.

pub(crate) mod header;
pub(crate) mod page;
