//! Reads listings of public items: one a line, with full paths, types without names of parameters. Needs nothing; leaves
//! the names.

use std::collections::{BTreeMap, BTreeSet};

/// A name of the interface: an item, or a member of one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    /// The item's path, from the crate on.
    pub path: String,
    /// The member: a method, a field, a variant, `Variant::field`.
    pub member: Option<String>,
}

/// The traits of each type.
pub type Traits = BTreeMap<String, BTreeSet<String>>;

/// The kinds of items, as they stand before names.
const WORDS: [&str; 12] =
    ["pub", "const", "unsafe", "fn", "struct", "enum", "trait", "type", "mod", "use", "macro", "static"];

/// The names in a crate's listing. What others' types get from its traits is left out.
pub fn items(text: &str, library: &str) -> BTreeSet<Item> {
    let mut items = BTreeSet::new();
    for line in text.lines() {
        let line = without_attributes(line);
        if let Some(segments) = line.starts_with("pub ").then(|| path(line)).filter(|s| s[0] == library) {
            items.insert(item(&segments));
        }
    }
    items
}

/// The traits of types: `path: Trait Trait`. What is said for some parameters only is said for all here.
pub fn traits(text: &str) -> Traits {
    let mut traits = Traits::new();
    for line in text.lines() {
        let Some((ty, names)) = line.rsplit_once(": ") else { continue };
        let segments = path(ty);
        let names = names.split_whitespace().map(str::to_owned);
        traits.entry(segments.join("::")).or_default().extend(names);
    }
    traits
}

fn without_attributes(mut line: &str) -> &str {
    while line.starts_with("#[") {
        line = line.split_once("] ").map_or("", |(_, rest)| rest);
    }
    line
}

/// The segments of the first path in a line, without generic arguments.
fn path(line: &str) -> Vec<String> {
    let mut line = line;
    while let Some((word, rest)) = line.split_once(' ') {
        if !WORDS.contains(&word) && word != "mut" && !word.starts_with('&') {
            break;
        }
        line = rest;
    }
    let (mut name, mut depth, mut chars) = (String::new(), 0, line.trim_start_matches('&').chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ if depth > 0 => {}
            ':' if chars.next_if_eq(&':').is_some() => name.push(' '),
            c if c.is_alphanumeric() || c == '_' => name.push(c),
            _ => break,
        }
    }
    let mut segments: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
    if segments.first().is_some_and(|first| first == "ir") {
        segments.insert(0, "cranelift_codegen".into());
    }
    if segments.is_empty() { vec![String::new()] } else { segments }
}

/// A type's or trait's name starts with a capital and ends the item's path; modules and functions do not.
fn item(segments: &[String]) -> Item {
    let capital = |s: &String| s.chars().any(char::is_lowercase) && s.starts_with(char::is_uppercase);
    let short = |s: &String| s.starts_with(char::is_uppercase) && !s.contains('_');
    let at = segments.iter().position(|s| capital(s) || short(s)).map_or(segments.len(), |i| i + 1);
    let member = segments[at..].join("::");
    Item { path: segments[..at].join("::"), member: (!member.is_empty()).then_some(member) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Vec<(String, Option<String>)> {
        items(line, "a").into_iter().map(|i| (i.path, i.member)).collect()
    }

    #[test]
    fn lines_are_names() {
        let is = |line: &str, path: &str, member: Option<&str>| {
            assert_eq!(one(line), [(path.to_owned(), member.map(str::to_owned))], "{line}");
        };
        is("pub mod a::b", "a::b", None);
        is("pub macro a::list!", "a::list", None);
        is("pub const a::b::LIMIT: usize", "a::b::LIMIT", None);
        is("#[repr(C)] pub struct a::List<T: a::Ref>", "a::List", None);
        is("pub fn a::List<T>::get(&self, usize) -> T", "a::List", Some("get"));
        is("pub const fn a::b::List<T>::new(T) -> Self", "a::b::List", Some("new"));
        is("pub fn &'a mut a::Map<K, V>::into_iter(self) -> Self::IntoIter", "a::Map", Some("into_iter"));
        is("pub a::Error::Bad::name: String", "a::Error", Some("Bad::name"));
        is("pub fn a::find<K, V>(&[K]) -> V", "a::find", None);
    }

    #[test]
    fn other_lines_are_none() {
        let others = ["impl a::Ref for a::Map", "pub fn core::option::Option<T>::from(a::B)", "pub fn ()::cmp(&self)"];
        assert_eq!(others.map(one), [const { Vec::new() }; 3]);
    }

    #[test]
    fn traits_of_types() {
        let traits = traits("ir::Block: Clone Copy\na::Map<K, V> where K: a::Ref: Index\na::Map: Debug\n");
        let names = |ty: &str| traits[ty].iter().cloned().collect::<Vec<_>>();
        assert_eq!(names("cranelift_codegen::ir::Block"), ["Clone", "Copy"]);
        assert_eq!(names("a::Map"), ["Debug", "Index"]);
    }
}
