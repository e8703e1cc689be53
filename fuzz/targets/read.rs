//! Any text: read, verified, printed, and if it verifies read back as the same.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use windlass_ir::reader::{ParseOptions, parse_functions, parse_run_command, parse_test};
use windlass_ir::testfile::filecheck::Checker;
use windlass_ir::verifier::verify_function;

fuzz_target!(|text: &str| -> Corpus {
    let Ok(file) = parse_test(text, ParseOptions::default()) else { return Corpus::Reject };
    for (func, details) in &file.functions {
        let printed = func.to_string();
        match (parse_functions(&printed), verify_function(func, None)) {
            (Ok(again), _) => assert_eq!(again[0].to_string(), printed),
            (Err(error), Ok(())) => panic!("a printed function cannot be read: {error}\n{printed}"),
            // a wrong type is printed as it is, even where no such type can be read
            (Err(_), Err(_)) => {}
        }
        for comment in &details.comments {
            let _ = parse_run_command(comment.text, &func.signature);
        }
        if let Ok(checker) = Checker::parse(details.comments.iter().map(|c| c.text)) {
            let _ = checker.check(&printed);
        }
    }
    Corpus::Keep
});
