//! Known names that are near a misspelt one, for error messages. Needs `strsim` for distances; leaves the end of a message.

/// What is longer is no slip of a name, and comparing it would take long.
const LONGEST: usize = 48;
/// How many names are worth reading.
const MOST: usize = 3;
/// A part of a name must have this length for the whole to be meant.
const SHORTEST_PART: usize = 3;

/// `; did you mean ...?` with the names that are nearest to `word`, or nothing if none is near.
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let near: Vec<String> = near(word, names).into_iter().map(|name| format!("`{name}`")).collect();
    match near.split_last() {
        None => String::new(),
        Some((only, [])) => format!("; did you mean {only}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

/// The names that `word` is probably meant to be, the nearest first: those that a few slips turn into it, and those that
/// it is a part of. Names that are further away than twice the distance of the nearest are left out.
fn near<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return vec![];
    }
    let slips = (word.len() / 3).max(1);
    let distance = |name: &'a str| {
        let distance = strsim::osa_distance(word, name);
        let part = word.len() >= SHORTEST_PART && name.contains(word);
        (distance <= slips || part).then_some((distance, name))
    };
    let mut found: Vec<(usize, &str)> = names.into_iter().filter_map(distance).collect();
    found.sort_by_key(|(distance, _)| *distance);
    let limit = found.first().map_or(0, |(nearest, _)| 2 * nearest);
    found.into_iter().take_while(|(distance, _)| *distance <= limit).take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn slips_and_parts() {
        let names = ["is_pic", "opt_level", "enable_verifier", "enable_pinned_reg", "iadd", "isub", "fadd"];
        let of = |word| did_you_mean(word, names);
        assert_eq!(of("pic"), "; did you mean `is_pic`?");
        assert_eq!(of("opt_levle"), "; did you mean `opt_level`?");
        assert_eq!(of("add"), "; did you mean `iadd` or `fadd`?");
        assert_eq!(of("enable"), "; did you mean `enable_verifier` or `enable_pinned_reg`?");
        assert_eq!(of("frobnicate"), "");
        assert_eq!(of(&"is_pic".repeat(1000)), "");
    }
}
