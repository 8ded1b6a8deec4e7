//! JIT compiler: memory for machine code, its calls into Rust, and its entry points.
//!
//! What runs here was written by `expression/code`, for one expression. This is the room where it is
//! trusted: that it keeps the contract of [`Purpose`], and so touches no memory but what it is given. The
//! memory is written first and then made executable, never both at once; it is plain memory of this
//! process, so that forked workers inherit it; and it is given back when the [`MachineCode`] is dropped.
//! Nothing here starts a thread.
#![expect(unsafe_code, reason = "machine code is reached through raw pointers")]

mod calls;
mod window;

pub(super) use calls::{RuntimeCall, number_of_one, number_of_two};
pub(super) use window::{Cells, MOST_WINDOWS, Shape, Window};

use cranelift_codegen::ir::{AbiParam, FuncRef, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{BranchProtection, JITBuilder, JITMemoryProvider, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleError, ModuleResult};
use evenly_core::Arithmetic;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::mem::{ManuallyDrop, transmute};
use std::{io, ptr};

/// Why there is no machine code for an expression.
#[derive(Debug, thiserror::Error)]
#[error("no machine code: {0}")]
pub struct NoMachineCode(String);

impl NoMachineCode {
    fn because(why: impl std::fmt::Display) -> Self {
        // The first line tells what; some of them go on with pages of code.
        Self(why.to_string().lines().next().unwrap_or_default().to_owned())
    }
}

/// What a kernel is for. All of them give 0, or the code of an [`Arithmetic`] if a number fails; all
/// numbers have 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `(first, last, report, windows)`: counts the numbers from `first` to `last`, fewer than 2^63 of them, for which
    /// the expression is true, up to the first that fails. Writes to `report` the count, and the number that
    /// failed if one did. `windows` are [`MOST_WINDOWS`] addresses: of the values for the number 0, if those of
    /// the numbers at hand were there, or 0 if they are not.
    Count,
    /// `(first, length, report, windows, out)`: writes the values for `length` numbers from `first` on, at least one, to `out`,
    /// up to the first that fails. Writes the number of values to `report`.
    /// The places have 64 bits.
    Narrow,
    /// The same with places of 128 bits.
    Wide,
}

type Count = unsafe extern "C" fn(i64, i64, &mut [u64; 2], &Addresses) -> u64;
type Values<T> = unsafe extern "C" fn(i64, u64, &mut u64, &Addresses, *mut T) -> u64;
type Addresses = [u64; MOST_WINDOWS];

/// Machine code that is being written.
pub(super) struct CodeWriter {
    module: JITModule,
    calls: Vec<FuncId>,
    written: Vec<(Purpose, FuncId)>,
    shapes: Vec<Shape>,
}

impl CodeWriter {
    /// Nothing yet, for this processor, with windows of these shapes.
    pub(super) fn new(shapes: Vec<Shape>) -> Result<Self, NoMachineCode> {
        let mut flags = settings::builder();
        for (name, value) in [
            ("opt_level", "speed"),
            ("is_pic", "false"),
            ("use_colocated_libcalls", "false"),
            ("unwind_info", "false"),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        ] {
            flags.set(name, value).map_err(NoMachineCode::because)?;
        }
        let processor = cranelift_native::builder().map_err(NoMachineCode::because)?;
        let target =
            processor.finish(settings::Flags::new(flags)).map_err(NoMachineCode::because)?;
        let mut builder = JITBuilder::with_isa(target, cranelift_module::default_libcall_names());
        // Elsewhere caches have to be told of new code, which the memory of cranelift-jit knows to do.
        if cfg!(target_arch = "x86_64") {
            builder.memory_provider(Box::new(Pages::default()));
        }
        builder.symbols(RuntimeCall::ALL.iter().map(|call| (call.name(), call.address())));
        let mut module = JITModule::new(builder);
        let mut calls = Vec::new();
        for call in RuntimeCall::ALL {
            let mut signature = module.make_signature();
            signature.params = vec![AbiParam::new(types::I64); call.arguments()];
            signature.returns = vec![AbiParam::new(types::I64)];
            let id = module.declare_function(call.name(), Linkage::Import, &signature);
            calls.push(id.map_err(NoMachineCode::because)?);
        }
        Ok(Self { module, calls, written: Vec::new(), shapes })
    }

    /// Writes a kernel. The body gets the builder within a function of the signature of its purpose, no
    /// block of which exists yet, and what may be called, in the order of [`RuntimeCall::ALL`].
    pub(super) fn write(
        &mut self,
        purpose: Purpose,
        body: impl FnOnce(&mut FunctionBuilder<'_>, &[FuncRef]),
    ) -> Result<(), NoMachineCode> {
        let parameters = if purpose == Purpose::Count { 4 } else { 5 };
        let mut context = self.module.make_context();
        let signature = &mut context.func.signature;
        signature.params = vec![AbiParam::new(types::I64); parameters];
        signature.returns = vec![AbiParam::new(types::I64)];
        let name = format!("{purpose:?}");
        let id = self.module.declare_function(&name, Linkage::Local, &context.func.signature);
        let id = id.map_err(NoMachineCode::because)?;
        let mut reach = |call: &FuncId| self.module.declare_func_in_func(*call, &mut context.func);
        let calls: Vec<FuncRef> = self.calls.iter().map(&mut reach).collect();
        let mut scratch = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut scratch);
        body(&mut builder, &calls);
        builder.seal_all_blocks();
        builder.finalize();
        self.module.define_function(id, &mut context).map_err(NoMachineCode::because)?;
        self.written.push((purpose, id));
        Ok(())
    }

    /// Makes what was written executable.
    pub(super) fn finish(mut self) -> Result<MachineCode, NoMachineCode> {
        self.module.finalize_definitions().map_err(NoMachineCode::because)?;
        let (mut count, mut narrow, mut wide) = (None, None, None);
        for (purpose, id) in self.written {
            let code = self.module.get_finalized_function(id);
            match purpose {
                // SAFETY: `code` is the beginning of a function of the signature of `Count`, in the C
                // convention of this machine, and stays where it is as long as the module.
                Purpose::Count => count = Some(unsafe { transmute::<*const u8, Count>(code) }),
                Purpose::Narrow => {
                    // SAFETY: as above, with the signature of `Values`.
                    narrow = Some(unsafe { transmute::<*const u8, Values<i64>>(code) });
                }
                Purpose::Wide => {
                    // SAFETY: as above, with the signature of `Values`.
                    wide = Some(unsafe { transmute::<*const u8, Values<i128>>(code) });
                }
            }
        }
        let (module, shapes) = (ManuallyDrop::new(self.module), self.shapes);
        Ok(MachineCode { count, narrow, wide, shapes, module })
    }
}

/// Machine code that can be run.
pub(super) struct MachineCode {
    count: Option<Count>,
    narrow: Option<Values<i64>>,
    wide: Option<Values<i128>>,
    /// Of the windows that it reads.
    shapes: Vec<Shape>,
    /// Owns the memory of the functions above.
    module: ManuallyDrop<JITModule>,
}

/// How far a kernel came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// How many numbers it is true for, below the one that failed.
    pub(super) count: u64,
    /// The first number that failed, and why.
    pub(super) failed: Option<(i64, Arithmetic)>,
}

/// How far a kernel came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    /// For how many numbers there is a value.
    pub(super) numbers: usize,
    /// Why the next one has none, if not all have one.
    pub(super) failed: Option<Arithmetic>,
}

impl MachineCode {
    /// Counts from `first` to `last`, which may be at most 2^62 apart, if that was written.
    pub(super) fn count(&self, first: i64, last: i64, windows: &[Window]) -> Option<Counted> {
        let count = self.count?;
        let addresses = window::addresses(windows, &self.shapes, first, last);
        let mut report = [0, 0];
        // SAFETY: the memory of the code is there as long as `self`, and the code writes to `report` only. It reads
        // the windows that have an address here, where they have a value for each of these numbers.
        let code = unsafe { count(first, last, &mut report, &addresses) };
        let [count, n] = report;
        Some(Counted { count, failed: why(code).map(|why| (n.cast_signed(), why)) })
    }

    /// The values of the numbers from `first` on, none of which may be beyond `i64`, if that was written.
    pub(super) fn narrow(&self, first: i64, out: &mut [i64], windows: &[Window]) -> Option<Filled> {
        self.narrow.map(|values| fill(values, first, out, windows, &self.shapes))
    }

    /// The same for values of 128 bits.
    pub(super) fn wide(&self, first: i64, out: &mut [i128], windows: &[Window]) -> Option<Filled> {
        self.wide.map(|values| fill(values, first, out, windows, &self.shapes))
    }
}

impl Drop for MachineCode {
    fn drop(&mut self) {
        // SAFETY: this is the only place that takes the module, and a value is dropped once.
        let module = unsafe { ManuallyDrop::take(&mut self.module) };
        // SAFETY: the functions are not running, because they run within borrows of the machine, and the
        // pointers to them go with it.
        unsafe { module.free_memory() };
    }
}

fn fill<T>(
    values: Values<T>,
    first: i64,
    out: &mut [T],
    windows: &[Window],
    shapes: &[Shape],
) -> Filled {
    if out.is_empty() {
        return Filled { numbers: 0, failed: None };
    }
    let mut numbers = 0;
    let last = first.saturating_add_unsigned(out.len() as u64 - 1);
    let addresses = window::addresses(windows, shapes, first, last);
    // SAFETY: called by the methods of the machine that owns the code, with the width that the code was
    // written for; it writes to `numbers` and to no more than the given number of places at `out`, and reads the
    // windows that have an address here, where they have a value for each of these numbers.
    let code =
        unsafe { values(first, out.len() as u64, &mut numbers, &addresses, out.as_mut_ptr()) };
    Filled { numbers: numbers as usize, failed: why(code) }
}

/// What a kernel gives. No kernel gives anything else; if one did, the number would have failed.
fn why(code: u64) -> Option<Arithmetic> {
    let arithmetic = |code| Arithmetic::from_code(code).unwrap_or(Arithmetic::Overflow);
    (code != 0).then(|| i32::try_from(code.cast_signed()).map_or(Arithmetic::Overflow, arithmetic))
}

/// The memory of machine code on x86-64: pages of its own, written first, then executable. That of
/// cranelift-jit panics where a system call fails, and lies among everything else on the heap.
#[derive(Default)]
struct Pages {
    pieces: Vec<MappedPages>,
    /// How much of the last piece is taken.
    taken: usize,
}

struct MappedPages {
    start: *mut u8,
    length: usize,
}

// SAFETY: the pages belong to this value alone, whichever thread has it.
unsafe impl Send for Pages {}

/// Pages that are mapped at once: a whole number of pages, whatever their size.
const PIECE: usize = 64 << 10;

impl JITMemoryProvider for Pages {
    fn allocate_readexec(&mut self, size: usize, align: u64) -> io::Result<*mut u8> {
        let align = usize::try_from(align).unwrap_or(PIECE).max(1);
        if let Some(piece) = self.pieces.last()
            && let Some(start) = self.taken.checked_next_multiple_of(align)
            && start.checked_add(size).is_some_and(|end| end <= piece.length)
        {
            self.taken = start + size;
            return Ok(piece.start.wrapping_add(start));
        }
        let length = size.max(1).next_multiple_of(PIECE);
        // SAFETY: new pages, at a place that the kernel chooses.
        let start = unsafe {
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            mmap_anonymous(ptr::null_mut(), length, protection, MapFlags::PRIVATE)?
        };
        self.pieces.push(MappedPages { start: start.cast(), length });
        self.taken = size;
        Ok(start.cast())
    }

    fn allocate_readwrite(&mut self, _: usize, _: u64) -> io::Result<*mut u8> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn allocate_readonly(&mut self, _: usize, _: u64) -> io::Result<*mut u8> {
        Err(io::ErrorKind::Unsupported.into())
    }

    unsafe fn free_memory(&mut self) {
        for piece in self.pieces.drain(..) {
            // SAFETY: the pages were mapped above, and the caller promises that they are no longer in use. It cannot fail for such pages, and if it did, they would stay mapped.
            let _ = unsafe { munmap(piece.start.cast(), piece.length) };
        }
    }

    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        for piece in &self.pieces {
            let protection = MprotectFlags::READ | MprotectFlags::EXEC;
            // SAFETY: the pages were mapped above, and no reference points into them.
            unsafe { mprotect(piece.start.cast(), piece.length, protection) }.map_err(|error| {
                ModuleError::Allocation { message: "mprotect", err: error.into() }
            })?;
        }
        // What is allocated from now on needs pages of its own.
        self.taken = usize::MAX;
        Ok(())
    }
}
