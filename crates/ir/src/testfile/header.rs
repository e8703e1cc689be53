//! The header of a test file: `test`, then `set` and `target`, then `feature` lines. Needs the parser.

use super::{Feature, SettingsLine, TargetLine, TestCommand, TestOption};
use crate::reader::{ParseOptions, ParseResult, Parser, Tok};

/// What the header says.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    pub(crate) commands: Vec<TestCommand<'a>>,
    pub(crate) settings: Vec<SettingsLine<'a>>,
    pub(crate) targets: Vec<TargetLine<'a>>,
    pub(crate) features: Vec<Feature<'a>>,
}

impl<'a> Header<'a> {
    /// Reads the header. Commands and target given by the caller replace those of the file.
    pub(crate) fn parse(p: &mut Parser<'a>, options: &ParseOptions<'a>) -> ParseResult<Header<'a>> {
        let mut header = Header::default();
        while p.peek() == Tok::Word("test") {
            header.test(p);
        }
        loop {
            match p.peek() {
                Tok::Word("set") => {
                    let location = p.loc();
                    let options = p.bump_line().split_whitespace().map(TestOption::new).collect();
                    header.settings.push(SettingsLine { options, location });
                }
                Tok::Word("target") => header.target(p)?,
                _ => break,
            }
        }
        if let (Some(set), Some(target)) = (header.settings.last(), header.targets.last())
            && target.settings < header.settings.len()
        {
            return Err(crate::reader::ParseError::new(
                set.location,
                "a `set` line after the last `target` line has no effect",
            ));
        }
        while p.eat_word("feature") {
            header.feature(p)?;
        }
        if let Some(passes) = options.passes {
            header.commands = passes.iter().map(|s| TestCommand::new(s)).collect();
        }
        if let Some(line) = options.target {
            let target = target_line(line, header.settings.len(), Default::default());
            header.targets = target.into_iter().collect();
        }
        Ok(header)
    }

    fn test(&mut self, p: &mut Parser<'a>) {
        self.commands.push(TestCommand::new(p.bump_line()));
    }

    fn target(&mut self, p: &mut Parser<'a>) -> ParseResult<()> {
        let location = p.loc();
        match target_line(p.bump_line(), self.settings.len(), location) {
            Some(target) => {
                self.targets.push(target);
                Ok(())
            }
            None => Err(crate::reader::ParseError::new(location, "expected a target after `target`")),
        }
    }

    fn feature(&mut self, p: &mut Parser<'a>) -> ParseResult<()> {
        let without = p.eat(b'!');
        let Tok::Str(name) = p.peek() else { return p.unexpected("the name of a feature in quotes") };
        p.bump();
        self.features.push(if without { Feature::Without(name) } else { Feature::With(name) });
        Ok(())
    }
}

fn target_line<'a>(line: &'a str, settings: usize, location: crate::reader::Location) -> Option<TargetLine<'a>> {
    let mut words = line.split_whitespace();
    let triple = words.next()?;
    Some(TargetLine { triple, options: words.map(TestOption::new).collect(), settings, location })
}
