fn main() {
    print!(
        "{}",
        windlass_rules::generate::generate(&windlass_rules::x64::rules(), &windlass_desc::x64::rows())
            .unwrap_or_else(|e| panic!("{e}"))
    )
}
