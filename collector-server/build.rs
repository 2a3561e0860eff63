//! Makes sure that the folder of the built SDK exists, so that the collector builds without it.

use std::path::Path;

fn main() {
    let dist = Path::new("../npm/dist");
    println!("cargo:rerun-if-changed=../npm/dist");
    if !dist.exists() {
        if let Err(error) = std::fs::create_dir_all(dist) {
            println!("cargo:warning=npm/dist cannot be made: {error}");
        }
        println!(
            "cargo:warning=the SDK is not built, /sdk/ will answer 404: run `make sdk` and build again"
        );
    }
}
