//! What is seen on the page: arrivals, pages, the person's own values, the browser.

pub(crate) mod context;
pub(crate) mod page;
pub(crate) mod person;
