//! Objects for systems that this is not, linked and run. Does: links two objects into an image of Windows or macOS, puts it
//! into memory at the address that it is linked for, and calls it by the convention of its system. Needs: `lld`, x86-64
//! Linux. Leaves: nothing but a folder under the build's temporary files.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use object::read::{File, Object, ObjectSection, ObjectSegment, ObjectSymbol};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_codegen::context::Context;
use windlass_codegen::isa;
use windlass_codegen::settings::{self, Configurable, Flags};
use windlass_ir::ir::{AbiParam, Signature, types::I64};
use windlass_ir::reader::parse_functions;
use windlass_link::module::{DataDescription, FuncId, Linkage, Module, default_libcall_names};
use windlass_link::object::{ObjectBuilder, ObjectModule};

/// `f` calls what another object has, directly and by its address, and its own `g` by a table of addresses, adds the result
/// to a counter, and returns three times that by way of a floating constant.
const CALLER: &str = "
function u0:1(i64) -> i64 CONVENTION {
    gv0 = symbol u1:0
    gv1 = symbol colocated u1:1
    sig0 = (i64) -> i64 CONVENTION
    fn0 = u0:0 sig0
block0(v0: i64):
    v1 = call fn0(v0)
    v2 = func_addr.i64 fn0
    v3 = call_indirect sig0, v2(v1)
    v4 = symbol_value.i64 gv0
    v5 = load.i64 v4+8
    v6 = call_indirect sig0, v5(v3)
    v7 = symbol_value.i64 gv1
    v8 = load.i64 v7
    v9 = iadd v8, v6
    store v9, v7
    v10 = f64const 0x1.8p1
    v11 = fcvt_from_sint.f64 v9
    v12 = fmul v11, v10
    v13 = fcvt_to_sint_sat.i64 v12
    return v13
}
function u0:2(i64) -> i64 CONVENTION {
block0(v0: i64):
    v1 = iconst.i64 1000
    v2 = iadd v0, v1
    return v2
}";
const CALLEE: &str = "
function u0:0(i64) -> i64 CONVENTION {
block0(v0: i64):
    v1 = iconst.i64 3
    v2 = imul v0, v1
    return v2
}";

fn module(triple: &str) -> (ObjectModule, Signature) {
    let mut flags = settings::builder();
    flags.set("is_pic", "true").unwrap();
    let isa = isa::lookup_by_name(triple).unwrap().finish(Flags::new(flags)).unwrap();
    let module = ObjectModule::new(ObjectBuilder::new(isa, "test", default_libcall_names()).unwrap());
    let mut sig = module.make_signature();
    sig.params.push(AbiParam::new(I64));
    sig.returns.push(AbiParam::new(I64));
    (module, sig)
}

/// Defines the functions of a text, in which functions have the numbers that they were declared with.
fn define(module: &mut ObjectModule, text: &str) {
    let convention = module.isa().default_call_conv().to_string();
    for func in parse_functions(&text.replace("CONVENTION", &convention)).unwrap() {
        let id = func.name.get_user().unwrap().index;
        module.define_function(FuncId::from_u32(id), &mut Context::for_function(func)).unwrap();
    }
}

fn caller(triple: &str) -> Vec<u8> {
    let (mut module, sig) = module(triple);
    for (name, linkage) in [("outside", Linkage::Import), ("f", Linkage::Export), ("g", Linkage::Local)] {
        module.declare_function(name, linkage, &sig).unwrap();
    }
    let table = module.declare_data("table", Linkage::Export, false, false).unwrap();
    let counter = module.declare_data("counter", Linkage::Local, true, false).unwrap();
    let mut data = DataDescription::new();
    data.define(vec![0; 16].into());
    let g = module.declare_func_in_data(FuncId::from_u32(2), &mut data);
    data.write_function_addr(8, g);
    module.define_data(table, &data).unwrap();
    data.clear();
    data.define_zeroinit(8);
    module.define_data(counter, &data).unwrap();
    define(&mut module, CALLER);
    module.finish().emit().unwrap()
}

fn callee(triple: &str) -> Vec<u8> {
    let (mut module, sig) = module(triple);
    module.declare_function("outside", Linkage::Export, &sig).unwrap();
    define(&mut module, CALLEE);
    module.finish().emit().unwrap()
}

/// Links the two objects of a system, and returns the image.
fn link(triple: &str, flavor: &str, options: &[&str], output: impl Fn(&Path) -> Vec<String>) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(triple);
    std::fs::create_dir_all(&folder).unwrap();
    let objects = [("caller.o", caller(triple)), ("callee.o", callee(triple))].map(|(name, bytes)| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    });
    let image = folder.join("image");
    let mut lld = Command::new("lld");
    lld.args(["-flavor", flavor]).args(options).args(output(&image)).args(&objects);
    let done = lld.output().unwrap_or_else(|e| panic!("lld is needed (Debian: lld): {e}"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(image).unwrap()
}

/// Puts the image into memory where it is linked for, as a loader does, but for all to be writable and executable.
fn load(file: &File<'_>) {
    for segment in file.segments().filter(|s| s.size() > 0 && s.name() != Ok(Some("__PAGEZERO"))) {
        let (address, size) = (segment.address() as usize, segment.size() as usize);
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        let access = ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC;
        let data = segment.data().unwrap();
        // SAFETY: nothing is at these pages, or the system refuses; the data fit into the segment.
        unsafe {
            let pages = mmap_anonymous(address as *mut _, size, access, flags).expect("the address is free");
            std::ptr::copy_nonoverlapping(data.as_ptr(), pages.cast(), data.len().min(size));
        }
    }
}

#[test]
fn an_image_of_windows() {
    let options = ["/dll", "/noentry", "/fixed", "/base:0x300000000", "/export:f", "/export:table"];
    let bytes = link("x86_64-pc-windows-msvc", "link", &options, |image| vec![format!("/out:{}", image.display())]);
    let file = File::parse(&*bytes).unwrap();
    load(&file);
    let exports = file.exports().unwrap();
    let at = exports.iter().find(|e| e.name() == b"f").unwrap().address();
    // SAFETY: the image is in memory, and `f` has this signature.
    let f: extern "win64" fn(i64) -> i64 = unsafe { std::mem::transmute(at as usize) };
    assert_eq!([f(5), f(5)], [3135, 6270]);

    let pdata = file.section_by_name(".pdata").unwrap();
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    let starts: Vec<u32> = pdata.data().unwrap().chunks_exact(12).map(|entry| word(&entry[..4])).collect();
    assert!(starts.is_sorted() && starts.contains(&((at - 0x3_0000_0000) as u32)), "{starts:x?}");
}

#[test]
fn an_image_of_macos() {
    let options = ["-arch", "x86_64", "-platform_version", "macos", "11.0", "11.0", "-execute", "-e", "_f"];
    let output = |image: &Path| vec!["-o".to_owned(), image.display().to_string()];
    let bytes = link("x86_64-apple-darwin", "darwin", &options, output);
    let file = File::parse(&*bytes).unwrap();
    load(&file);
    let at = file.symbols().find(|s| s.name() == Ok("_f")).unwrap().address();
    // SAFETY: the image is in memory, and `f` has this signature.
    let f: extern "sysv64" fn(i64) -> i64 = unsafe { std::mem::transmute(at as usize) };
    assert_eq!([f(5), f(5)], [3135, 6270]);
}
