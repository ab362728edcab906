//! [`Gemm`]: the kernels of each number type, for the registers that the processor has.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use super::dots::dots;
use super::lanes::Lanes;
use super::packed::{Packed, from_panels, pack_lhs, pack_rhs};
use super::problem::Problem;
use super::small::small;
use super::tile::{Tile, WIDTH};
use crate::element::Element;

/// Number types that have matrix kernels.
pub trait Gemm: Element + Default {
    /// Rows and columns of a tile of the kernels for large products, which are also the widths of their panels.
    #[doc(hidden)]
    fn tile() -> [usize; 2];
    /// Writes the product, added to its start, from where the operands lie.
    ///
    /// # Safety
    ///
    /// The problem is valid.
    #[doc(hidden)]
    unsafe fn small(problem: &Problem<Self>);
    /// The same where the rows of `lhs` and the columns of `rhs` are contiguous, which are multiplied register by
    /// register.
    ///
    /// # Safety
    ///
    /// The problem is valid, and those rows and columns are contiguous.
    #[doc(hidden)]
    unsafe fn dots(problem: &Problem<Self>);
    /// Packs panel `i` of the left-hand side, of as many rows as a tile.
    ///
    /// # Safety
    ///
    /// The packed problem is valid and has the panel, which is not used elsewhere meanwhile.
    #[doc(hidden)]
    unsafe fn pack_lhs(packed: &Packed<Self>, i: usize);
    /// Packs panel `i` of the right-hand side, of as many columns as a tile.
    ///
    /// # Safety
    ///
    /// The packed problem is valid and has the panel, which is not used elsewhere meanwhile.
    #[doc(hidden)]
    unsafe fn pack_rhs(packed: &Packed<Self>, i: usize);
    /// Computes the first `rows` of a tile of `Self::tile` inside the result, from panels: all of them, or a multiple of
    /// `LOW` where all of them are one.
    ///
    /// # Safety
    ///
    /// The tile's panels can be read for `depth` steps. Its place in the result can be read and written, and a start's
    /// row read, for that many rows and as many columns as a tile has.
    #[doc(hidden)]
    unsafe fn from_panels(tile: Tile<Self>, rows: usize);
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

/// Rows of a tile of the kernels for large products. Two registers wide, six rows leave four of sixteen registers for
/// the operands, and twelve rows eight of thirty-two.
const ROWS: usize = 4;
const ROWS_AVX2: usize = 6;
const ROWS_AVX512: usize = 12;

/// Compiles a kernel for each kind of registers, and calls the one that fits.
macro_rules! kernel {
    ($kernel:ident($($arg:ident: $ty:ty),*), $any:ty $(, $any_rows:tt)?;
        $v256:ty $(, $v256_rows:tt)?; $v512:ty $(, $v512_rows:tt)?) => {
        #[inline]
        unsafe fn $kernel($($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: the processor has AVX-512 wherever this is called; the rest is the promise of `Gemm`'s
                // caller.
                unsafe { $kernel::<$v512 $(, $v512_rows)?>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: the processor has AVX2 and FMA wherever this is called; the rest is the promise of `Gemm`'s
                // caller.
                unsafe { $kernel::<$v256 $(, $v256_rows)?>($($arg),*) }
            }
            // SAFETY: `widest` found the instructions of the registers that it names, and arrays need none; the rest is
            // the promise of `Gemm`'s caller.
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

/// The kernels of a number type for its registers, and how many rows a tile has in them.
macro_rules! gemm {
    ($($t:ty: $any:ty, $v256:ty, $v512:ty;)*) => {$(
        impl Gemm for $t {
            fn tile() -> [usize; 2] {
                match Registers::widest() {
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx512 => [ROWS_AVX512, WIDTH * <$v512 as Lanes>::COUNT],
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx2 => [ROWS_AVX2, WIDTH * <$v256 as Lanes>::COUNT],
                    Registers::Any => [ROWS, WIDTH * <$any as Lanes>::COUNT],
                }
            }

            kernel! { small(problem: &Problem<$t>), $any, 4; $v256, 6; $v512, 8 }
            kernel! { dots(problem: &Problem<$t>), $any, 4; $v256, 2; $v512, 1 }
            kernel! { pack_lhs(packed: &Packed<$t>, i: usize), $any, ROWS; $v256, ROWS_AVX2; $v512, ROWS_AVX512 }
            kernel! { pack_rhs(packed: &Packed<$t>, i: usize), $any; $v256; $v512 }
            kernel! { from_panels(tile: Tile<$t>, rows: usize), $any, ROWS; $v256, ROWS_AVX2; $v512, ROWS_AVX512 }
        }
    )*};
}

gemm! {
    f32: [f32; 4], __m256, __m512;
    f64: [f64; 2], __m256d, __m512d;
}
