//! Reads names from the pages of a crate's documentation: a page per item, whose anchors are its members and the traits it
//! has. Needs the pages; leaves the names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The items of a crate.
#[derive(Default)]
pub struct Docs {
    items: BTreeMap<String, Page>,
}

/// What an item has.
#[derive(Default)]
struct Page {
    members: BTreeSet<String>,
    traits: BTreeSet<String>,
}

impl Docs {
    /// Reads the pages of a library.
    pub fn read(pages: &Path, library: &str) -> std::io::Result<Docs> {
        let mut docs = Docs::default();
        let mut folders = vec![(pages.join(library), library.to_owned())];
        while let Some((folder, module)) = folders.pop() {
            docs.items.entry(module.clone()).or_default();
            for entry in std::fs::read_dir(folder)? {
                let (path, name) = entry.map(|e| (e.path(), e.file_name().to_string_lossy().into_owned()))?;
                if name == "index.html" {
                    let html = std::fs::read_to_string(path)?;
                    docs.items.extend(reexports(&html).map(|name| (format!("{module}::{name}"), Page::default())));
                } else if path.is_dir() {
                    folders.push((path, format!("{module}::{name}")));
                } else if let [_, name, "html"] = name.split('.').collect::<Vec<_>>()[..] {
                    // Items of one name, such as a module's and a function's, share an entry.
                    let page = docs.items.entry(format!("{module}::{}", name.trim_end_matches('!'))).or_default();
                    page.add(&std::fs::read_to_string(path)?);
                }
            }
        }
        Ok(docs)
    }

    /// Is there such an item, with such a member?
    pub fn has(&self, path: &str, member: Option<&str>) -> bool {
        self.items.get(path).is_some_and(|page| member.is_none_or(|member| page.members.contains(member)))
    }

    /// Has the type a trait, for some of its parameters at least?
    pub fn implements(&self, path: &str, name: &str) -> bool {
        self.items.get(path).is_some_and(|page| page.traits.contains(name))
    }
}

impl Page {
    /// Adds what the anchors of a page say, up to where those begin that all types have.
    fn add(&mut self, html: &str) {
        for anchor in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if anchor == "synthetic-implementations" || anchor == "blanket-implementations" {
                break;
            }
            if let Some(name) = anchor.strip_prefix("impl-") {
                self.traits.extend(trait_name(name));
            } else if let Some((kind, name)) = anchor.split_once('.') {
                let name = if kind == "variant" { name } else { without_number(name) };
                self.members.insert(name.replace(".field.", "::"));
            }
        }
    }
}

/// What a module's page says that it takes from elsewhere; what is shown as its own has a page.
fn reexports(html: &str) -> impl Iterator<Item = &str> {
    html.split(" id=\"reexport.").skip(1).filter_map(|rest| rest.split('"').next())
}

/// The trait of `Trait%3CT%3E-for-Type`, without its arguments. Without `-for-` it is a block of the type's own.
fn trait_name(anchor: &str) -> Option<String> {
    let (name, _) = anchor.split_once("-for-")?;
    name.split('%').next().map(str::to_owned)
}

/// Anchors of one name are told apart by numbers after a hyphen.
fn without_number(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_names() {
        let anchors = [
            "main-content",
            "variant.Bad",
            "variant.Bad.field.name",
            "impl-Map%3CK,+V%3E",
            "method.get",
            "tymethod.set",
            "impl-From%3CT%3E-for-Map%3CK,+V%3E",
            "method.from-1",
            "synthetic-implementations",
            "impl-Send-for-Map%3CK,+V%3E",
            "method.into",
        ];
        let mut page = Page::default();
        page.add(&anchors.map(|a| format!("<section id=\"{a}\">")).concat());
        assert_eq!(Vec::from_iter(page.members), ["Bad", "Bad::name", "from", "get", "set"]);
        assert_eq!(Vec::from_iter(page.traits), ["From"]);
        assert_eq!(Vec::from_iter(reexports("<dt id=\"reexport.gimli\"><code>")), ["gimli"]);
    }
}
