//! How much of the reference interface the packages of `compat/` have: `WINDLASS_API=folder cargo run -p windlass-share`.
//!
//! Does: compares names, not signatures, crate by crate, and prints what is there, what is missing and the share. Needs: a
//! folder with a listing of the public items of each crate, `entity.txt` for `cranelift-entity` and so on, and
//! `derives.txt` with the traits of types; and cargo, which it asks for the documentation of `compat/`. The documentation's
//! pages are where names are read: unlike the sources, they have what macros and build scripts make. Leaves nothing. Without
//! the variable it says so and succeeds.
//!
//! A method that a type has by a trait counts like its own, whichever trait that is.

mod docs;
mod listing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use docs::Docs;
use listing::{Item, Traits};

/// Traits of libraries that a feature brings in; they are counted by themselves.
const OPTIONAL_TRAITS: [&str; 2] = ["Serialize", "Deserialize"];

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("WINDLASS_API").map(PathBuf::from) else {
        println!("WINDLASS_API does not name a folder of listings: nothing to compare");
        return ExitCode::SUCCESS;
    };
    match compare(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn compare(folder: &Path) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("tools/share is two folders deep");
    let crates = crates(&root.join("compat"))?;
    let pages = document(root, &crates)?;
    let traits = listing::traits(&read(&folder.join("derives.txt"))?);
    for name in &crates {
        let text = read(&folder.join(format!("{name}.txt")))?;
        let library = package(name).replace('-', "_");
        let docs = Docs::read(&pages, &library).map_err(|e| format!("{}: {e}", pages.display()))?;
        print_items(&library, &listing::items(&text, &library), &docs);
        print_traits(&library, &traits, &docs);
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The crates that have a package in `compat/`, without their prefix.
fn crates(compat: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(compat).map_err(|e| format!("{}: {e}", compat.display()))?;
    let names = entries.flatten().filter(|e| e.path().join("Cargo.toml").exists());
    let mut names: Vec<String> = names.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "names");
    names.sort();
    Ok(names)
}

/// Makes the documentation of the crates; returns where it is.
fn document(root: &Path, crates: &[String]) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["doc", "--quiet", "--no-deps", "--all-features", "--target-dir"]).arg(&target);
    for name in crates {
        // Pages of earlier runs may be of items that are gone.
        let _ = std::fs::remove_dir_all(target.join("doc").join(package(name).replace('-', "_")));
        cargo.arg("-p").arg(package(name));
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(target.join("doc")),
        Ok(status) => Err(format!("cargo doc: {status}")),
        Err(e) => Err(format!("cargo doc: {e}")),
    }
}

/// The package of a crate.
fn package(name: &str) -> String {
    if name == "umbrella" { "cranelift".into() } else { format!("cranelift-{name}") }
}

fn share(present: usize, missing: usize) -> String {
    let all = present + missing;
    if all == 0 { "-".into() } else { format!("{:.1}%", 100.0 * present as f64 / all as f64) }
}

/// Prints how many of a crate's names are there, and the names of those that are not: members after their item.
fn print_items(library: &str, items: &BTreeSet<Item>, docs: &Docs) {
    let (mut absent, mut lacking) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, Vec<&str>>::new());
    let (mut present, mut missing) = (0, 0);
    for item in items {
        let there = docs.has(&item.path, item.member.as_deref());
        *(if there { &mut present } else { &mut missing }) += 1;
        match &item.member {
            _ if there => {}
            None => *absent.entry(&item.path).or_default() += 0,
            Some(_) if !docs.has(&item.path, None) => *absent.entry(&item.path).or_default() += 1,
            Some(member) => lacking.entry(&item.path).or_default().push(member),
        }
    }
    println!("\n{library}: {present} names present, {missing} missing, share {}", share(present, missing));
    for (path, members) in absent {
        match members {
            0 => println!("    {path}"),
            n => println!("    {path} (and {n} names in it)"),
        }
    }
    for (path, members) in lacking {
        println!("    {path}: {}", members.join(" "));
    }
}

/// Prints which traits the types lack that a crate has.
fn print_traits(library: &str, traits: &Traits, docs: &Docs) {
    let (mut present, mut missing, mut optional) = (0, 0, 0);
    let mut lacking = Vec::new();
    for (path, names) in traits.iter().filter(|(path, _)| docs.has(path, None)) {
        let absent: Vec<&str> = names.iter().map(String::as_str).filter(|name| !docs.implements(path, name)).collect();
        let (of_feature, absent): (Vec<&str>, Vec<&str>) = absent.iter().partition(|t| OPTIONAL_TRAITS.contains(t));
        present += names.len() - absent.len() - of_feature.len();
        missing += absent.len();
        optional += of_feature.len();
        if !absent.is_empty() {
            lacking.push(format!("    {path}: {}", absent.join(" ")));
        }
    }
    let share = share(present, missing);
    println!(
        "{library}: {present} traits of types present, {missing} missing, share {share}; {optional} of serde missing"
    );
    lacking.iter().for_each(|line| println!("{line}"));
}
