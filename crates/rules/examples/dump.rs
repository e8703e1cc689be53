fn main() {
    for p in windlass_rules::check::check(&windlass_rules::x64::rules(), &windlass_desc::x64::rows()) {
        println!("{p}");
    }
}
