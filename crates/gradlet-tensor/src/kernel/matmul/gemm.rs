//! [`Gemm`]: the kernels of each number type, for the registers that the processor has.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
use std::ops::Range;

use super::dots::dots;
use super::lanes::Lanes;
use super::packed::{Packed, block, pack_lhs, pack_rhs};
use super::problem::Problem;
use super::small::small;
use super::tile::WIDTH;
use crate::element::Element;

/// Number types that have matrix kernels.
///
/// # Safety
///
/// Of all methods: the problem's `out: [m, n]` must be writable, and its `lhs: [m, k]`, `rhs: [k, n]` and a start's row of
/// `n` numbers readable, over their whole strided extents.
#[allow(clippy::missing_safety_doc, reason = "it stands above")]
pub trait Gemm: Element + Default {
    /// Rows and columns of a tile of the kernels for large products.
    #[doc(hidden)]
    fn tile() -> [usize; 2];
    /// Writes the product, added to its start, from where the operands lie.
    // SAFETY: the caller's promise, see above.
    #[doc(hidden)]
    unsafe fn small(problem: &Problem<Self>);
    /// The same where the rows of `lhs` and the columns of `rhs` are contiguous, which are multiplied register by register.
    // SAFETY: the caller's promise, see above, and that both are contiguous.
    #[doc(hidden)]
    unsafe fn dots(problem: &Problem<Self>);
    /// Packs panel `i` of the left-hand side, of as many rows as a tile.
    // SAFETY: the caller's promise, see above, and that there is room for the panel, which nobody else uses meanwhile.
    #[doc(hidden)]
    unsafe fn pack_lhs(packed: &Packed<Self>, i: usize);
    /// Packs panel `i` of the right-hand side, of as many columns as a tile.
    // SAFETY: the same.
    #[doc(hidden)]
    unsafe fn pack_rhs(packed: &Packed<Self>, i: usize);
    /// Computes the block of the result that these panels of the left-hand and right-hand side give.
    // SAFETY: the caller's promise, see above, and that the panels are packed.
    #[doc(hidden)]
    unsafe fn block(packed: &Packed<Self>, rows: Range<usize>, columns: Range<usize>);
}

/// The widest registers of this processor that there are kernels for.
enum Registers {
    Any,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Registers {
    #[inline]
    fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            // `avx512vl` goes with `avx512f` as in every kernel.
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Any
    }
}

/// Compiles a kernel for each kind of registers, and calls the one that fits.
macro_rules! kernel {
    ($kernel:ident($($arg:ident: $ty:ty),*), $any:ty $(, $any_rows:literal)?;
        $v256:ty $(, $v256_rows:literal)?; $v512:ty $(, $v512_rows:literal)?) => {
        // SAFETY: the caller's promise, as the trait words it.
        #[inline]
        unsafe fn $kernel($($arg: $ty),*) {
            // SAFETY: see above.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: this function is compiled for the registers; the rest is the caller's promise.
                unsafe { $kernel::<$v512 $(, $v512_rows)?>($($arg),*) }
            }
            // SAFETY: see above.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: as in `avx512`.
                unsafe { $kernel::<$v256 $(, $v256_rows)?>($($arg),*) }
            }
            // SAFETY: the processor has the registers; the rest is the caller's promise.
            unsafe {
                match Registers::widest() {
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx512 => avx512($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx2 => avx2($($arg),*),
                    Registers::Any => $kernel::<$any $(, $any_rows)?>($($arg),*),
                }
            }
        }
    };
}

/// The kernels of a number type: its registers, and how many rows a tile has in them, small and large. Two registers
/// wide, six rows leave four of sixteen registers for the operands, and twelve rows six of thirty-two.
macro_rules! gemm {
    ($($t:ty: $any:ty, $v256:ty, $v512:ty;)*) => {$(
        impl Gemm for $t {
            fn tile() -> [usize; 2] {
                match Registers::widest() {
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx512 => [12, WIDTH * <$v512 as Lanes>::COUNT],
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx2 => [6, WIDTH * <$v256 as Lanes>::COUNT],
                    Registers::Any => [4, WIDTH * <$any as Lanes>::COUNT],
                }
            }

            kernel! { small(problem: &Problem<$t>), $any, 4; $v256, 6; $v512, 8 }
            kernel! { dots(problem: &Problem<$t>), $any; $v256; $v512 }
            kernel! { pack_lhs(packed: &Packed<$t>, i: usize), $any, 4; $v256, 6; $v512, 12 }
            kernel! { pack_rhs(packed: &Packed<$t>, i: usize), $any; $v256; $v512 }
            kernel! { block(packed: &Packed<$t>, rows: Range<usize>, columns: Range<usize>), $any, 4; $v256, 6; $v512, 12 }
        }
    )*};
}

gemm! {
    f32: [f32; 4], __m256, __m512;
    f64: [f64; 2], __m256d, __m512d;
}
