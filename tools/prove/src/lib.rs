//! Discharges the proof obligations of lowering rules with Z3: finds the solver, asks it in parallel, reads its answers.
//! Needs windlass-rules for the obligations; leaves one [`Outcome`] per obligation.

pub mod mutate;
pub mod solver;

use solver::{Answer, Error, Session, Solver};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use windlass_rules::prove::Obligation;

/// What became of an obligation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It holds.
    Proved,
    /// It does not: what the variables are in a counterexample.
    Refuted(Vec<(String, String)>),
    /// Nothing can be stated, for this reason.
    IllFormed(String),
    /// The assumptions cannot be met, so the rule never matches and nothing is proved.
    Vacuous,
    /// The solver gave up, for this reason.
    Unknown(String),
}

/// Asks the solver about one obligation. `met` holds assumptions already known to be possible.
fn ask(session: &mut Session, o: &Obligation, met: &Mutex<HashSet<String>>) -> Result<Outcome, Error> {
    let query = match &o.query {
        Ok(q) => q,
        Err(why) => return Ok(Outcome::IllFormed(why.clone())),
    };
    let known = |p: &String| met.lock().is_ok_and(|m| m.contains(p));
    if let Some(p) = query.premises.as_ref().filter(|p| !known(p)) {
        match session.check(p, &[])? {
            Answer::Sat(_) => drop(met.lock().map(|mut m| m.insert(p.clone()))),
            Answer::Unsat => return Ok(Outcome::Vacuous),
            Answer::Unknown(why) => return Ok(Outcome::Unknown(why)),
        }
    }
    let terms: Vec<&str> = query.shown.iter().map(|s| s.1.as_str()).collect();
    Ok(match session.check(&query.script, &terms)? {
        Answer::Unsat => Outcome::Proved,
        Answer::Sat(values) => Outcome::Refuted(query.shown.iter().map(|s| s.0.clone()).zip(values).collect()),
        Answer::Unknown(why) => Outcome::Unknown(why),
    })
}

/// Asks about all obligations, with `jobs` solvers side by side; calls `done` after each.
pub fn prove(
    solver: &Solver,
    obligations: &[&Obligation],
    jobs: usize,
    done: impl Fn() + Sync,
) -> Result<Vec<Outcome>, Error> {
    let (next, met) = (AtomicUsize::new(0), Mutex::default());
    let outcomes: Vec<OnceLock<Outcome>> = obligations.iter().map(|_| OnceLock::new()).collect();
    let work = || -> Result<(), Error> {
        let mut session = solver.start()?;
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(o) = obligations.get(i) else { return Ok(()) };
            let _ = outcomes[i].set(ask(&mut session, o, &met)?);
            done();
        }
    };
    std::thread::scope(|s| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| s.spawn(work)).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or(Err(Error::Died)))
    })?;
    outcomes.into_iter().map(|o| o.into_inner().ok_or(Error::Died)).collect()
}
