//! Damaged texts: a piece of one file, changed at the level of bytes, tokens and lines, or spliced with another. Needs
//! texts to start from; the same seed gives the same text.

use crate::rng::Rng;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Larger texts are damaged in a part of at most this size.
const PART: usize = 4_000;

/// Tokens that are likely to be near something interesting.
const TOKENS: &str = "v0 v1 v2 v7 v2147483646 block0 block1 block2 block99999 ss0 ss1 sig0 fn0 fn1 gv0 gv1 region0 const0 \
    dt0 dss0 tag0 ret0 exn1 u0:1 userextname0 -> = ( ) { } [ ] < > , : .i8 .i16 .i32 .i64 .i128 .i8x16 .f32 .f64x2 .dt0 \
    i8 i64 i128 i32x4 f16 f64 f128 i8x256 cold notrap aligned readonly can_move big little +8 -8 +0x7fff_ffff -0x8000_0000 \
    0 1 -1 255 0xffff_ffff_ffff_ffff 18446744073709551615 4294967295 0x0.8p-3 NaN +sNaN:0x1 Inf return jump brif br_table \
    iadd isub imul udiv iconst load store call call_indirect try_call return_call stack_addr func_addr symbol_value trap \
    trapz select icmp eq slt fcmp uno bitcast ireduce uextend isplit iconcat vconst shuffle splat user1 heap_oob int_divz \
    stack_map=[ @ff <1> function %f tail fast system_v windows_fastcall preserve_all winch vmctx sret sarg(64) uext sext \
    explicit_slot symbol colocated tls stack_limit ; ;; \" \n é \u{0} test set target feature run: check: nextln: not: \
    unordered: regex: error: $x $(y=.*) x86_64 aarch64 opt_level=speed interpret cat verifier";

/// Texts to damage.
pub struct Seeds {
    texts: Vec<String>,
}

impl Seeds {
    /// All CLIF files in these folders.
    pub fn open(folders: &[PathBuf]) -> io::Result<Seeds> {
        let mut files = vec![];
        for folder in folders {
            find(folder, &mut files)?;
        }
        files.sort();
        let texts = files.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
        match texts.is_empty() {
            true => Err(io::Error::other("there are no *.clif files to start from")),
            false => Ok(Seeds { texts }),
        }
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// The damaged text of a number.
    pub fn damaged(&self, number: u64) -> String {
        let mut rng = Rng::new(number);
        let mut text = self.part(&mut rng);
        if rng.below(8) == 0 {
            let other = self.part(&mut rng);
            let (end, start) =
                (boundary(&text, rng.below(text.len() + 1)), boundary(&other, rng.below(other.len() + 1)));
            text.truncate(end);
            text.push_str(&other[start..]);
        }
        // little damage leaves much that can be read, much damage little
        for _ in 0..rng.below(4) {
            damage(&mut text, &mut rng);
        }
        text
    }

    /// A text, or the functions of a text from some place on; sometimes cut off at its end.
    fn part(&self, rng: &mut Rng) -> String {
        let text = rng.pick(&self.texts);
        let header = text.find("\nfunction").filter(|at| *at < PART).map_or("", |at| &text[..at]);
        if text.len() <= PART {
            return text.clone();
        }
        let at = boundary(text, rng.below(text.len()));
        let start = text[at..].find("\nfunction").or(text.find("\nfunction").map(|n| n.wrapping_sub(at)));
        let start = start.map_or(0, |n| at.wrapping_add(n));
        let whole_end = text[start..].find("\n}").map_or(text.len(), |n| start + n + 3);
        let far = boundary(text, (start + PART).min(text.len()));
        let end = if whole_end < far || rng.below(4) > 0 { whole_end.min(start + 16 * PART) } else { far };
        format!("{header}{}", &text[start..boundary(text, end.min(text.len()))])
    }
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut todo = vec![path.to_path_buf()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path)?.collect::<io::Result<Vec<_>>>()?;
            todo.extend(entries.into_iter().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|e| e == "clif") {
            files.push(path);
        }
    }
    Ok(())
}

/// The nearest boundary of a character at or before `at`.
fn boundary(s: &str, at: usize) -> usize {
    (0..=at).rev().find(|i| s.is_char_boundary(*i)).unwrap_or(0)
}

fn damage(text: &mut String, rng: &mut Rng) {
    match rng.below(12) {
        0 => text.truncate(boundary(text, rng.below(text.len() + 1))),
        1 | 2 => bytes(text, rng),
        3..=8 => tokens(text, rng),
        _ => lines(text, rng),
    }
}

/// Removes, repeats, or changes bytes.
fn bytes(text: &mut String, rng: &mut Rng) {
    let at = boundary(text, rng.below(text.len() + 1));
    let end = boundary(text, (at + 1 + rng.below(12)).min(text.len())).max(at);
    match rng.below(4) {
        0 => text.replace_range(at..end, ""),
        1 => {
            let piece = text[at..end].to_string();
            let to = boundary(text, rng.below(text.len() + 1));
            text.insert_str(to, &piece);
        }
        2 => text.insert(at, (rng.below(127) as u8).into()),
        _ => {
            let c = char::from(b' ' + rng.below(95) as u8);
            text.replace_range(at..end, &c.to_string());
        }
    }
}

/// Where words, numbers and marks stand.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans = vec![];
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let word = c.is_alphanumeric() || c == '_';
        if let (Some(from), false) = (start, word) {
            spans.push((from, at));
            start = None;
        }
        match (word, c.is_whitespace()) {
            (true, _) => start = start.or(Some(at)),
            (false, false) => spans.push((at, at + c.len_utf8())),
            _ => {}
        }
    }
    spans
}

/// Puts one token in the place of another, or takes it away; new ones come from the same text or from a list.
fn tokens(text: &mut String, rng: &mut Rng) {
    let spans = spans(text);
    if spans.is_empty() {
        return;
    }
    let (at, end) = *rng.pick(&spans);
    let (from, to) = *rng.pick(&spans);
    let own = text[from..to].to_string();
    let known: Vec<&str> = TOKENS.split(' ').collect();
    match rng.below(6) {
        0 => text.replace_range(at..end, ""),
        1 => text.replace_range(at..end, rng.pick::<&str>(&known)),
        2 => text.insert_str(at, &format!(" {} ", rng.pick(&known))),
        _ => text.replace_range(at..end, &own),
    }
}

/// Removes, repeats, or moves a line.
fn lines(text: &mut String, rng: &mut Rng) {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return;
    }
    let line = lines.remove(rng.below(lines.len()));
    for _ in 0..rng.below(3) {
        lines.insert(rng.below(lines.len() + 1), line);
    }
    *text = lines.join("\n");
}
