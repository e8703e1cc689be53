#!/usr/bin/env bash
# Everything that must hold before a change lands, from formatting to proofs: `./test-all.sh`, from any directory.
# Does: installs what the tests need and the machine lacks, then runs each check; the first failure ends it. Needs: the
# Rust toolchain with rustfmt and clippy, gcc, Python 3.11 or newer. Leaves: everything it makes under target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# What the tests need besides the toolchain: a command that tells whether it is there | the Debian package that brings it.
DEBIAN_NEEDS=(
  "llvm-mc --version|llvm"
  "g++ --version|g++"
  "gdb --version|gdb"
  "lld -flavor gnu --version|lld"
  "qemu-riscv64 --version|qemu-user"
  "python3 -c 'import ensurepip, venv'|python3-venv"
)
# From PyPI, into a virtual environment: the solver of the proofs. Its wheel brings the program `z3`.
Z3_SOLVER=z3-solver==5.4.1.0

TARGET=${CARGO_TARGET_DIR:-$PWD/target}
VENV=$TARGET/venv

# fail MESSAGE: ends the run.
fail() {
  printf '\ntest-all: FAILED: %s\n' "$1" >&2
  exit 1
}

# step NAME COMMAND...: runs a command under a heading, and tells how long it took.
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n==== %s\n' "$name"
  "$@" || fail "$name"
  printf '==== %s: %s s\n' "$name" "$((SECONDS - start))"
}

# Installs what is missing of DEBIAN_NEEDS: one apt-get for all of it, and none if all is there.
install_debian_packages() {
  local row missing=()
  for row in "${DEBIAN_NEEDS[@]}"; do
    eval "${row%|*}" >/dev/null 2>&1 || missing+=("${row#*|}")
  done
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "please install: ${missing[*]} (as Debian names them)" >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Makes the virtual environment anew unless it holds exactly the pinned solver.
install_solver() {
  local stamp=$VENV/installed
  if [[ -x $VENV/bin/z3 && $(cat "$stamp" 2>/dev/null) == "$Z3_SOLVER" ]]; then
    return 0
  fi
  rm -rf "$VENV"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 is needed" >&2; return 1; }
  python3 -m venv "$VENV" || return 1
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$Z3_SOLVER" || return 1
  "$VENV/bin/z3" --version || return 1
  echo "$Z3_SOLVER" >"$stamp"
}

step "packages" install_debian_packages
step "solver" install_solver
export WINDLASS_Z3=$VENV/bin/z3

step "format" cargo fmt --all --check
step "format of bench" cargo fmt --manifest-path bench/Cargo.toml --all --check
step "lints" cargo clippy --workspace --all-targets -- -D warnings
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
# The same features for tests and programs, so that nothing is compiled twice.
FEATURES=windlass-codegen/incremental-cache,windlass-ir/enable-serde,windlass-tool/chaos,cranelift-bitset/enable-serde
step "tests" cargo test --workspace --features "$FEATURES"
step "tests without machines" cargo test --quiet -p windlass-codegen --no-default-features --test switches
step "programs" cargo build --quiet --workspace --bins --features "$FEATURES"
step "proofs" "$TARGET/debug/windlass-prove"
step "golden tests" "$TARGET/debug/windlass" test --strict tests/clif
step "hostile input" cargo run --quiet --profile hostile -p windlass-hostile -- short
printf '\ntest-all: everything holds, after %s s\n' "$SECONDS"
