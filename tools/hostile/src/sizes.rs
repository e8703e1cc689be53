//! How time and memory of each stage grow with the size of the input. Needs inputs of any size; leaves a table of
//! exponents, fitted by least squares over the logarithms.

use crate::child::{End, Page, Shared, describe};
use crate::inputs::Row;
use crate::memory;
use crate::stages::{self, Care, Input, NAMES, STAGES};
use indicatif::{ProgressBar, ProgressStyle};
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Memory that an input may take: this much, and this much for each of its items. A number of a value, say, costs a few
/// dozen bytes in each of a few tables.
const MEMORY: usize = 256 << 20;
const MEMORY_PER_ITEM: usize = 8 << 10;
/// Stages that take less than this at the largest size, in seconds, are too fast for a fit to mean anything.
const FAST: f64 = 0.02;
/// Sizes whose stage takes less than this are left out of its fit: they measure the clock.
const SLOW_ENOUGH: f64 = 0.000_5;
/// How often a row that seems too slow is measured again before it is called so: another program may have been in the way.
const AGAIN: usize = 3;
/// How long a stage may run.
const SILENCE: Duration = Duration::from_secs(240);

/// What is measured.
pub struct Plan {
    /// Logarithms of the smallest and the largest size.
    pub sizes: std::ops::RangeInclusive<u32>,
    /// How often each size is measured; the fastest counts.
    pub repeat: usize,
    /// The largest exponent that is all right.
    pub most: f64,
    /// Tell every measurement.
    pub verbose: bool,
}

/// The costs of one size: seconds and bytes of each stage that was reached.
#[derive(Clone, Copy, Default)]
struct Costs {
    time: [Option<f64>; STAGES],
    memory: [Option<f64>; STAGES],
}

/// Measures the rows. Returns whether all is as it should be.
pub fn run(rows: &[&Row], plan: &Plan) -> io::Result<bool> {
    let page = Page::new()?;
    let steps = rows.len() * plan.sizes.clone().count();
    let bar = ProgressBar::new(steps as u64).with_style(style());
    let mut bad = vec![];
    let mut worst = [0.0f64; STAGES];
    for row in rows {
        bar.set_message(row.name);
        match measure_well(&page, row, plan, &bar)? {
            Ok(costs) => bar.suspend(|| judge(row, &costs, plan, &mut worst, &mut bad)),
            Err(why) => bar.suspend(|| {
                println!("{:24} {why}", row.name);
                bad.push(format!("{}: {why}", row.name));
            }),
        }
    }
    bar.finish_and_clear();
    let all: Vec<String> = NAMES.iter().zip(worst).map(|(name, e)| format!("{name} {e:.2}")).collect();
    println!("largest exponents of time: {}", all.join(", "));
    bad.iter().for_each(|text| println!("FAILED {text}"));
    println!("{} kinds of input up to 2^{}, {} failures", rows.len(), plan.sizes.end(), bad.len());
    Ok(bad.is_empty())
}

fn style() -> ProgressStyle {
    let template = "{elapsed_precise} {bar:30} {pos}/{len} sizes, {eta} left: {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The costs at each size, or why there are none; what is slow is measured again, and the fastest counts.
fn measure_well(page: &Page, row: &Row, plan: &Plan, bar: &ProgressBar) -> io::Result<Result<Vec<Costs>, String>> {
    let mut costs = match measure(page, row, plan, bar)? {
        Ok(costs) => costs,
        bad => return Ok(bad),
    };
    for _ in 0..AGAIN {
        if (0..STAGES).filter_map(|n| growth(&costs, n, plan)).all(|(exponent, _)| exponent <= plan.most) {
            break;
        }
        bar.set_position(bar.position() - costs.len() as u64);
        match measure(page, row, plan, bar)? {
            Ok(again) => costs.iter_mut().zip(&again).for_each(|(cost, other)| cost.improve(other)),
            bad => return Ok(bad),
        }
    }
    Ok(Ok(costs))
}

/// The costs at each size, measured once for each of the repetitions, or why there are none.
fn measure(page: &Page, row: &Row, plan: &Plan, bar: &ProgressBar) -> io::Result<Result<Vec<Costs>, String>> {
    let mut all = vec![];
    for log in plan.sizes.clone() {
        let n = 1usize << log;
        let mut best = Costs::default();
        for _ in 0..plan.repeat {
            let shared = page.shared();
            reset(shared);
            let work = |shared: &Shared| {
                let input = (row.make)(n);
                let size = match &input {
                    Input::Text(text) => text.len(),
                    Input::Builder(_) => 0,
                };
                memory::limit(MEMORY + n * MEMORY_PER_ITEM + size);
                stages::run(input, Care { check: false, compile: row.compile }, shared);
            };
            let end = page.run(SILENCE, work, |_| bar.tick())?;
            if end != End::Done {
                let stage = NAMES.get((shared.stage.load(Relaxed) as usize).wrapping_sub(1)).unwrap_or(&"making it");
                return Ok(Err(format!("at 2^{log}, in {stage}: {}", describe(end))));
            }
            best.improve(&Costs::read(shared));
        }
        if plan.verbose {
            bar.suspend(|| best.tell(row.name, log));
        }
        all.push(best);
        bar.inc(1);
    }
    Ok(Ok(all))
}

fn reset(shared: &Shared) {
    shared.stage.store(0, Relaxed);
    shared.passed.iter().for_each(|n| n.store(0, Relaxed));
}

impl Costs {
    fn read(shared: &Shared) -> Costs {
        let passed = |n: usize| shared.passed[n].load(Relaxed) > 0;
        let read = |of: &[AtomicU64; STAGES], unit: f64| {
            std::array::from_fn(|n| passed(n).then(|| of[n].load(Relaxed) as f64 * unit))
        };
        Costs { time: read(&shared.time, 1e-9), memory: read(&shared.memory, 1.0) }
    }

    /// Takes what is smaller in another measurement.
    fn improve(&mut self, other: &Costs) {
        let least =
            |old: &mut Option<f64>, new: Option<f64>| *old = old.map_or(new, |o| new.map(|n| n.min(o)).or(*old));
        self.time.iter_mut().zip(other.time).for_each(|(old, new)| least(old, new));
        self.memory.iter_mut().zip(other.memory).for_each(|(old, new)| least(old, new));
    }

    fn tell(&self, name: &str, log: u32) {
        let stage = |n: usize| Some(format!("{} {:.4}s {:.1}M", NAMES[n], self.time[n]?, self.memory[n]? / 1e6));
        let all: Vec<String> = (0..STAGES).filter_map(stage).collect();
        println!("{name} 2^{log}: {}", all.join(", "));
    }
}

/// Prints the exponents of a row, and notes those that are too large.
fn judge(row: &Row, costs: &[Costs], plan: &Plan, worst: &mut [f64; STAGES], bad: &mut Vec<String>) {
    let mut line = format!("{:24}", row.name);
    for n in 0..STAGES {
        match growth(costs, n, plan) {
            Some((exponent, last)) => {
                line += &format!(" {} {exponent:.2} ({last:.2}s)", NAMES[n]);
                worst[n] = worst[n].max(exponent);
                if exponent > plan.most {
                    bad.push(format!(
                        "{}: {} takes {last:.2} s, with an exponent of {exponent:.2}",
                        row.name, NAMES[n]
                    ));
                }
            }
            None if costs.iter().any(|c| c.time[n].is_some()) => line += &format!(" {} fast", NAMES[n]),
            None => {}
        }
    }
    println!("{line}");
}

/// The exponent of a stage's time, and its time at the largest size; none if it is not reached or too fast.
fn growth(costs: &[Costs], stage: usize, plan: &Plan) -> Option<(f64, f64)> {
    let sizes = plan.sizes.clone().zip(costs);
    let points: Vec<(f64, f64)> = sizes.filter_map(|(log, c)| Some((f64::from(log), c.time[stage]?))).collect();
    let last = points.last()?.1;
    Some((fit(&points).filter(|_| last >= FAST)?, last))
}

/// The slope of logarithms of times over logarithms of sizes.
fn fit(points: &[(f64, f64)]) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        points.iter().filter(|p| p.1 >= SLOW_ENOUGH).map(|&(log, time)| (log, time.log2())).collect();
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let above: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let below: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    Some(above / below)
}
