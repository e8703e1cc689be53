//! The layout against a vector of vectors, under random edits.

use super::*;
use windlass_entity::EntityRef;

fn check(layout: &Layout, model: &[(Block, Vec<Inst>)]) {
    assert!(layout.blocks().eq(model.iter().map(|m| m.0)));
    for (block, insts) in model {
        assert!(layout.block_insts(*block).eq(insts.iter().copied()));
        assert!(layout.block_insts(*block).rev().eq(insts.iter().rev().copied()));
        assert_eq!(layout.block_contains_exactly_one_inst(*block), insts.len() == 1);
    }
    let points = model.iter().flat_map(|(block, insts)| {
        std::iter::once(ProgramPoint::from(*block)).chain(insts.iter().map(|i| ProgramPoint::from(*i)))
    });
    let points: Vec<ProgramPoint> = points.collect();
    for pair in points.windows(2) {
        assert_eq!(layout.pp_cmp(pair[0], pair[1]), Ordering::Less, "{} {}", pair[0], pair[1]);
    }
}

#[test]
fn random_edits() {
    let (mut layout, mut model) = (Layout::new(), Vec::<(Block, Vec<Inst>)>::new());
    let (mut seed, mut blocks, mut insts) = (7u64, 0, 0);
    let mut random = |n: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % n
    };
    for step in 0..6000 {
        let what = random(16);
        if what == 0 || model.is_empty() {
            let (block, at) = (Block::new(blocks), random(model.len() + 1));
            blocks += 1;
            match model.get(at) {
                Some((next, _)) if at % 2 == 0 => layout.insert_block(block, *next),
                Some(_) if at > 0 => layout.insert_block_after(block, model[at - 1].0),
                Some((next, _)) => layout.insert_block(block, *next),
                None => layout.append_block(block),
            }
            model.insert(at, (block, vec![]));
            continue;
        }
        let b = random(model.len());
        let (block, list) = &mut model[b];
        let at = random(list.len() + 1);
        match (what, list.get(at).copied()) {
            (1, Some(inst)) => {
                let (new, tail) = (Block::new(blocks), list.split_off(at));
                blocks += 1;
                layout.split_block(new, inst);
                model.insert(b + 1, (new, tail));
            }
            (2..4, Some(inst)) => {
                layout.remove_inst(inst);
                list.remove(at);
            }
            (4, _) if list.len() < 3 => {
                layout.remove_block_and_insts(*block);
                model.remove(b);
            }
            (_, next) => {
                let inst = Inst::new(insts);
                insts += 1;
                match next {
                    Some(next) => layout.insert_inst(inst, next),
                    None => layout.append_inst(inst, *block),
                }
                list.insert(at, inst);
            }
        }
        if step % 100 == 0 {
            check(&layout, &model);
        }
    }
    check(&layout, &model);
    layout.clear();
    assert!(layout.entry_block().is_none() && layout.inst_block(Inst::new(0)).is_none());
}

/// Insertion at one place, forwards, backwards and in the middle, takes time near linear in the number of insertions.
#[test]
fn many_insertions_at_one_place() {
    const N: usize = 200_000;
    for pattern in 0..3 {
        let (mut layout, block) = (Layout::new(), Block::new(0));
        layout.append_block(block);
        layout.append_inst(Inst::new(0), block);
        layout.append_inst(Inst::new(1), block);
        let mut at = Inst::new(1);
        for n in 2..N {
            layout.insert_inst(Inst::new(n), at);
            at = match pattern {
                0 => at,
                1 => Inst::new(n),
                _ => Inst::new(n - n % 2),
            };
        }
        let seqs = layout.block_insts(block).map(|i| layout.insts[i].seq);
        assert!(seqs.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn equality_ignores_numbers() {
    let (mut a, mut b) = (Layout::new(), Layout::new());
    let [x, y] = [Block::new(0), Block::new(1)];
    a.append_block(x);
    a.append_block(y);
    b.append_block(y);
    assert_ne!(a, b);
    b.insert_block(x, y);
    assert_eq!(a, b);
    b.set_cold(y);
    assert_ne!(a, b);
}
