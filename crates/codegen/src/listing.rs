//! Machine code as text that an assembler takes, a line per instruction, label and constant. Emission adds lines as it
//! goes; labels get their final names, and the lines their offsets, when the code is assembled. Knows no target: the
//! text of an instruction comes from the target's printer.

use crate::buffer::{Label, Mark, Offsets};
use crate::compiled::Line;
use std::fmt::Write;
use windlass_ir::ir::ExternalName;

/// What a line comes from.
#[derive(Clone, Copy, Default, Debug)]
pub struct By {
    /// The rule that chose it, or what else made it.
    pub source: &'static str,
    /// The IR instruction that it stands for.
    pub inst: Option<u32>,
}

enum Entry {
    /// A label stands here.
    Label(Label),
    /// A text, perhaps with a label that it refers to, and the rest of the text.
    Text(String, Option<Label>, String, By),
}

/// A listing in the making.
#[derive(Default)]
pub struct Listing {
    entries: Vec<(Mark, Entry)>,
}

impl Listing {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
    /// A label stands here.
    pub fn bind(&mut self, at: Mark, label: Label) {
        self.entries.push((at, Entry::Label(label)));
    }
    /// A line: text, perhaps a label, and what follows that.
    pub fn add(&mut self, at: Mark, before: String, label: Option<Label>, after: &str, by: By) {
        self.entries.push((at, Entry::Text(before, label, after.into(), by)));
    }
    /// The lines. `ends` has the label that each stands for in the end, `constants` bits, sizes and offsets of what
    /// stands behind the code. Labels that no line refers to are left out.
    pub fn finish<'a>(
        &mut self,
        offsets: &Offsets,
        ends: &[Label],
        constants: impl Iterator<Item = (&'a (u128, u8), &'a usize)>,
    ) -> Vec<Line> {
        let mut wanted = vec![false; ends.len()];
        for (_, entry) in &self.entries {
            if let Entry::Text(_, Some(label), ..) = entry {
                wanted[ends[label.0 as usize].0 as usize] = true;
            }
        }
        let mut lines = vec![];
        for (mark, entry) in self.entries.drain(..) {
            let offset = offsets.of(mark);
            match entry {
                Entry::Label(label) if wanted[label.0 as usize] => lines.push(bare(offset, format!("L{}:", label.0))),
                Entry::Label(_) => {}
                Entry::Text(before, label, after, by) => {
                    let label = label.map(|l| format!("L{}", ends[l.0 as usize].0)).unwrap_or_default();
                    let text = before + &label + &after;
                    lines.push(Line { offset, text, source: by.source.into(), inst: by.inst });
                }
            }
        }
        add_constants(&mut lines, constants);
        lines
    }
}

/// A line that nothing chose.
fn bare(offset: u32, text: String) -> Line {
    Line { offset, text, source: String::new(), inst: None }
}

fn add_constants<'a>(lines: &mut Vec<Line>, constants: impl Iterator<Item = (&'a (u128, u8), &'a usize)>) {
    let mut placed: Vec<_> =
        constants.enumerate().map(|(n, ((bits, size), at))| (*at as u32, n, *bits, *size)).collect();
    placed.sort_unstable();
    let mut aligned = 0;
    for (offset, n, bits, size) in placed {
        if size != aligned {
            aligned = size;
            lines.push(bare(offset, format!(".p2align {}, 0x0", size.trailing_zeros())));
        }
        lines.push(bare(offset, format!("Lc{n}:")));
        let directive = match size {
            4 => ".long",
            8 => ".quad",
            _ => ".octa",
        };
        let text = format!("{directive} {bits:#x}");
        lines.push(Line { source: "constant".into(), ..bare(offset, text) });
    }
}

/// The name of a symbol as assemblers take it, with what is added to its address.
pub fn symbol(name: &ExternalName, offset: i64) -> String {
    let name = name.display(None).to_string();
    let name = quoted(name.strip_prefix('%').unwrap_or(&name));
    match offset {
        0 => name,
        1.. => format!("{name} + {offset}"),
        _ => format!("{name} - {}", offset.unsigned_abs()),
    }
}

/// A name, quoted unless it is a plain word. Words that assemblers may know (registers, operators) and names like those
/// of labels have no underscore and are short, so these are quoted too.
pub fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.chars().all(plain) && (name.len() > 7 || name.contains('_')) {
        return name.into();
    }
    let mut out = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => _ = write!(out, "\\{:03o}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

/// The text with the numbers of its labels made those of unit `unit`, so that several functions can stand in one file.
pub fn in_unit(text: &str, unit: usize) -> String {
    let mut out = String::new();
    for (n, piece) in text.split('"').enumerate() {
        if n > 0 {
            out.push('"');
        }
        // every other piece is a quoted name
        if n % 2 == 1 {
            out.push_str(piece);
            continue;
        }
        let mut before = ' ';
        let mut rest = piece.chars().peekable();
        while let Some(c) = rest.next() {
            out.push(c);
            let alone = !(before.is_ascii_alphanumeric() || before == '_' || before == '.');
            if c == 'L' && alone {
                if let Some('c') = rest.peek() {
                    rest.next();
                    out.push('c');
                }
                if rest.peek().is_some_and(char::is_ascii_digit) {
                    let _ = write!(out, "{unit}_");
                }
            }
            before = c;
        }
    }
    out
}

/// A function as one of several in a file of an assembler: aligned, under its name, each line with a comment.
pub fn assembly(name: &str, unit: usize, lines: &[Line], comment: impl Fn(&Line) -> String) -> String {
    let mut out = format!(".p2align 4, 0x0\n{name}:\n");
    for line in lines {
        let text = in_unit(&line.text, unit);
        // a string takes all that is written to it
        let _ = match text.ends_with(':') {
            true => writeln!(out, "{text}"),
            false => writeln!(out, "    {text:44} # {}", comment(line)),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_could_be_misread() {
        for (name, text) in [
            ("memcpy_1", "memcpy_1"),
            ("a_long.name", "a_long.name"),
            ("rax", "\"rax\""),
            ("L12", "\"L12\""),
            ("u0:3", "\"u0:3\""),
            ("9_lives", "\"9_lives\""),
            ("a\"\\\n", "\"a\\\"\\\\\\012\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), text);
        }
    }

    #[test]
    fn labels_are_of_their_unit() {
        assert_eq!(in_unit("L4:", 7), "L7_4:");
        assert_eq!(in_unit(".long L4 - L10", 0), ".long L0_4 - L0_10");
        assert_eq!(in_unit("movsd xmm0, qword ptr [rip + Lc2]", 1), "movsd xmm0, qword ptr [rip + Lc1_2]");
        assert_eq!(in_unit("call \"L4\"", 1), "call \"L4\"");
        assert_eq!(in_unit("call XL4_y", 1), "call XL4_y");
    }
}
