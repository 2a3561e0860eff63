//! How many files the process may have open: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the process has open beside its connections: the store, requests to destinations, the log.
const BESIDE_CONNECTIONS: u64 = 256;

/// Raises the limit to what the system lets the process have without a privilege (the hard limit of getrlimit(2)): most
/// systems begin with 1024, for the sake of old programs. Returns the limit; `None` where there is none.
pub fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_ok() {
        return limit.maximum;
    }
    limit.current
}

/// Raises the limit, and tells where it is too low for `limits.connections`.
pub(crate) fn make_room(connections: usize) {
    let needed = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(BESIDE_CONNECTIONS);
    if let Some(files) = raise()
        && files < needed
    {
        tracing::warn!(
            files,
            needed,
            "the system lets this process open fewer files than limits.connections may need: raise its limit (LimitNOFILE of the \
             service) or lower limits.connections"
        );
    }
}
