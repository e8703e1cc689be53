//! Files of which some functions cannot be read: those are blanked out, so that the others can be tested. Needs the
//! reader; leaves the text with its lines where they were, and what is wrong with each function that is gone.

use super::verdict::Failure;
use crate::source::Source;
use windlass_ir::reader::Location;

/// The source without the functions that cannot be read, each of which is a failure.
pub fn readable(source: &Source) -> (Source, Vec<Failure>) {
    let lines: Vec<&str> = source.text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&n| lines[n].trim_start().starts_with("function ")).collect();
    let first = starts.first().copied().unwrap_or(lines.len());
    let header = lines[..first].join("\n");
    let mut text: Vec<&str> = lines.clone();
    let mut failures = vec![];
    for (n, &start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(lines.len());
        let piece = format!("{header}\n{}", lines[start..end].join("\n"));
        let alone = source.with_text(piece);
        let Err(error) = alone.try_parse() else { continue };
        // before the piece is the header, or an empty line if there is none
        let line_number = (error.location.line_number + start).saturating_sub(first.max(1));
        let location = Location { line_number, ..error.location };
        let name = lines[start].trim_start()["function ".len()..].split(['(', ' ']).next().unwrap_or("-");
        failures.push(Failure::of(name, source.at(location, &error.message)));
        text[start..end].fill("");
    }
    (source.with_text(text.join("\n")), failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_stay_where_they_were() {
        let text = "test run\ntarget x86_64\n\nfunction %a() {\nblock0:\n return\n}\n\nfunction %b() {\nblock0:\n  what\n}\n\
                    function %c() {\nblock0:\n  return\n}\n";
        let source = Source::of_text("f", text);
        let (left, failures) = readable(&source);
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].function, "%b");
        assert!(failures[0].message.starts_with("f:11:3: "), "{}", failures[0].message);
        let file = left.parse().unwrap();
        let places: Vec<_> = file.functions.iter().map(|(_, d)| d.location.line_number).collect();
        assert_eq!(places, [4, 13]);
    }
}
