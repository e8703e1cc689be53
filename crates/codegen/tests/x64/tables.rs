//! The generated tables against the rows they come from, and what the allocator relies on.

use windlass_codegen::x64::rows::{
    EMISSION, FEATURES, FLAG_USE, JUMP_REG64_R, NAMES, RET, RET16_I, ROWS, SPECS, SYM_FAR, Shape, TEXT, TOLD,
};
use windlass_desc::machine::{Emission, Flow, Told};
use windlass_desc::x64::{Feature, Link, rows};
use windlass_regalloc::{Constraint, Role};

#[test]
fn tables_say_what_rows_say() {
    let rows = rows();
    let lengths =
        [ROWS.len(), SPECS.len(), TEXT.len(), NAMES.len(), EMISSION.len(), FLAG_USE.len(), FEATURES.len(), TOLD.len()];
    assert_eq!(lengths, [rows.len(); 8]);
    for (n, row) in rows.iter().enumerate() {
        let feature = row.feature.map(|f| Feature::ALL[f.0 as usize].setting);
        let texts = (row.name.as_str(), feature, row.told);
        assert_eq!((NAMES[n], FEATURES[n], TOLD[n]), texts);
        assert_eq!((FLAG_USE[n].reads, FLAG_USE[n].writes), (row.reads_flags(), row.writes_flags()));
        assert_eq!(SPECS[n].shape == Shape::Special, row.enc.special, "{}", row.name);
        let places = row.operands.iter().map(|o| o.places() as usize).sum::<usize>();
        assert_eq!(ROWS[n].operands.len(), places, "{}", row.name);
        assert_eq!(ROWS[n].copy.is_some(), row.copy, "{}", row.name);
    }
}

/// Emission finds the register of such a result, and the width, where it does not look at the row.
#[test]
fn what_flags_tell_is_of_a_written_register() {
    for (n, row) in rows().iter().enumerate().filter(|(_, r)| r.told != Told::Nothing) {
        assert!(row.writes_flags() && ROWS[n].operands[0].role == Role::Def, "{}", row.name);
        assert_eq!(SPECS[n].width as u16, row.operands[0].width(), "{}", row.name);
    }
}

/// Emission asks the row only what it makes of it.
#[test]
fn what_emission_makes_of_rows_fits_them() {
    for (n, row) in rows().iter().enumerate() {
        let is = |emission| EMISSION[n] == emission;
        assert_eq!(is(Emission::Copy), row.copy, "{}", row.name);
        let linked = row.enc.link != Link::None && !row.listed;
        assert_eq!(linked, is(Emission::Linked) || n as u16 == SYM_FAR, "{}", row.name);
        let ends = match EMISSION[n] {
            Emission::Return | Emission::TailCall | Emission::Branch => true,
            Emission::Jump | Emission::Table | Emission::Trap => true,
            _ => [RET, RET16_I, JUMP_REG64_R].contains(&(n as u16)),
        };
        assert_eq!(row.flow == Flow::Terminator, ends, "{}", row.name);
        assert_eq!(row.flow == Flow::Call, is(Emission::Call), "{}", row.name);
    }
}

#[test]
fn the_allocator_can_rely_on_rows() {
    for (spec, name) in ROWS.iter().zip(NAMES) {
        let role = |i: u8| spec.operands[i as usize].role;
        let tied = |o: &windlass_regalloc::Operand| match o.constraint {
            Constraint::Tied(to) => Some(to),
            _ => None,
        };
        for to in spec.operands.iter().filter_map(tied) {
            assert_eq!(role(to), Role::Use, "{name}");
        }
        if let Some((a, b)) = spec.commutes {
            assert_eq!((role(a), role(b)), (Role::Use, Role::Use), "{name}");
            assert!(spec.operands.iter().any(|o| tied(o) == Some(a)), "{name}");
        }
        if spec.remat {
            let roles: Vec<_> = spec.operands.iter().map(|o| o.role).collect();
            assert_eq!((roles, spec.reads_flags, spec.writes_flags), (vec![Role::Def], false, false), "{name}");
        }
    }
}
