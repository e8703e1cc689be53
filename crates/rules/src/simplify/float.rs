//! Floats: signs and bits only. What rounds may quieten a NaN, or lose the sign of a zero, and stays as it is.

use super::*;
use crate::equation::Equations;
use windlass_desc::types::{F32, F64};

const FLOATS: &[Type] = &[F32, F64];

pub fn rules(e: &mut Equations) {
    e.rule(FLOATS, |_| fneg(fneg(X)).is(X));
    e.rule(FLOATS, |_| fabs(fabs(X)).is(fabs(X)));
    e.rule(FLOATS, |_| fabs(fneg(X)).is(fabs(X)));
    e.rule(FLOATS, |_| fabs(fcopysign(X, Y)).is(fabs(X)));
    e.rule(FLOATS, |_| fcopysign(X, X).is(X));
    e.rule(FLOATS, |_| fcopysign(fneg(X), Y).is(fcopysign(X, Y)));
    e.rule(FLOATS, |_| fcopysign(fabs(X), Y).is(fcopysign(X, Y)));
    e.rule(FLOATS, |_| fcopysign(fcopysign(X, Z), Y).is(fcopysign(X, Y)));
    e.rule(FLOATS, |_| fcopysign(X, fcopysign(Z, Y)).is(fcopysign(X, Y)));
    for (a, b) in [(I32, F32), (F32, I32), (I64, F64), (F64, I64)] {
        e.rule(&[a], |_| bitcast(bitcast(X.at(a)).at(b)).is(X));
    }
}
