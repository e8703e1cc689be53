//! Numbers of entities in the text of one function: made dense, after declarations that nothing uses and aliases are
//! gone. Needs the printed form; leaves a text that says the same.

use std::collections::{HashMap, HashSet};

/// Entities whose numbers are free.
const PREFIXES: [&str; 9] = ["v", "block", "ss", "dss", "gv", "sig", "fn", "const", "dt"];

/// The text with dense numbers, without what nothing uses.
pub(super) fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().filter(|line| !is_alias(line)).map(without_comment).collect();
    loop {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for line in &lines {
            entities(line).for_each(|(at, end)| *uses.entry(&line[at..end]).or_default() += 1);
        }
        let unused = |line: &&str| declared(line).is_some_and(|name| uses.get(name) == Some(&1));
        let before = lines.len();
        let gone: HashSet<&str> = lines.iter().copied().filter(unused).collect();
        lines.retain(|line| !gone.contains(line));
        if lines.len() == before {
            break;
        }
    }
    let mut numbers = Numbers::default();
    // blocks are numbered as they stand, everything else as it is met
    for line in lines.iter().filter(|line| line.trim_start().starts_with("block")) {
        entities(line).take(1).for_each(|(at, end)| _ = numbers.of(&line[at..end]));
    }
    lines.iter().map(|line| numbers.rewritten(line) + "\n").collect()
}

#[derive(Default)]
struct Numbers<'a> {
    new: HashMap<&'a str, String>,
    count: HashMap<&'a str, usize>,
}

impl<'a> Numbers<'a> {
    fn of(&mut self, name: &'a str) -> &str {
        let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let next = self.count.entry(prefix).or_default();
        self.new.entry(name).or_insert_with(|| {
            *next += 1;
            format!("{prefix}{}", *next - 1)
        })
    }

    fn rewritten(&mut self, line: &'a str) -> String {
        let (mut out, mut last) = (String::new(), 0);
        for (at, end) in entities(line) {
            out.push_str(&line[last..at]);
            out.push_str(self.of(&line[at..end]));
            last = end;
        }
        out + &line[last..]
    }
}

/// `v1 -> v0`, which says nothing that anybody uses once aliases are resolved.
fn is_alias(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [from, "->", to] if from.starts_with('v') && to.starts_with('v'))
}

/// The line without the values of constants that the printer adds. A text in quotes may look like them.
fn without_comment(line: &str) -> &str {
    if line.contains('"') { line } else { line.split("  ; ").next().unwrap_or(line) }
}

/// The entity that a line declares before the first block.
fn declared(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().split_once(" = ")?;
    let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (prefix != "v" && PREFIXES.contains(&prefix)).then_some(name)
}

/// Where names of entities stand in a line.
fn entities(line: &str) -> impl Iterator<Item = (usize, usize)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut at, mut quoted) = (0, false);
    std::iter::from_fn(move || {
        while let Some(c) = line[at..].chars().next() {
            let start = at;
            at += c.len_utf8();
            quoted ^= c == '"';
            if !word(c) || quoted {
                continue;
            }
            at = line[start..].find(|c| !word(c)).map_or(line.len(), |n| start + n);
            let name = &line[start..at];
            let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let free = prefix.len() < name.len() && PREFIXES.contains(&prefix);
            if free && !line[..start].ends_with(['%', '@']) {
                return Some((start, at));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_is_used_stays() {
        let text = "function %v3(i64) tail {\n    ss2 = explicit_slot 8\n    ss5 = explicit_slot 16\n    sig3 = (i64) tail\n    \
                    sig4 = () fast\n    fn7 = u0:1 sig3\n\nblock5(v9: i64):\n    v7 -> v9\n    \
                    v3 = stack_addr.i64 ss5\n    call fn7(v9)  ; v9 = 1\n    jump block2\n\nblock2:\n    return\n}\n";
        let tidied = "function %v3(i64) tail {\n    ss0 = explicit_slot 16\n    sig0 = (i64) tail\n    fn0 = u0:1 sig0\n\n\
                      block0(v0: i64):\n    v1 = stack_addr.i64 ss0\n    call fn0(v0)\n    jump block1\n\nblock1:\n    \
                      return\n}\n";
        assert_eq!(super::tidy(text), tidied);
    }
}
