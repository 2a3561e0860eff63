//! Strict emulators.
