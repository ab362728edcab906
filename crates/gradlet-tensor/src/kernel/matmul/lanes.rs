//! [`Lanes`]: a vector register of numbers, for products, whose sums must stay in registers.

use num_traits::{Float, One};

use super::fma;

/// Numbers in the widest register.
pub(super) const MAX_COUNT: usize = 16;

/// A register of `COUNT` numbers.
///
/// Methods are to be inlined into a function that is compiled for the register's instructions. Loops over registers are
/// `for` loops, since a closure that is not inlined calls each instruction as a function.
///
/// # Safety
///
/// Every method needs a processor with the register's instructions: any for arrays, AVX2 and FMA for 256 bits, AVX-512 F
/// for 512. What it needs of pointers, it says itself.
pub(super) trait Lanes: Copy {
    type T: Float + Default;
    const COUNT: usize;
    /// Rows and columns of the square that `transpose` turns.
    const BLOCK: usize;

    /// The numbers at `from`.
    ///
    /// # Safety
    ///
    /// `COUNT` numbers can be read there.
    unsafe fn load(from: *const Self::T) -> Self;
    /// Writes all numbers to `to`.
    ///
    /// # Safety
    ///
    /// `COUNT` numbers can be written there.
    unsafe fn store(self, to: *mut Self::T);
    /// The same number everywhere.
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    unsafe fn splat(x: Self::T) -> Self;
    /// The first `count` numbers from there on, then zeros.
    ///
    /// # Safety
    ///
    /// `count` numbers can be read there, and `count <= COUNT`.
    #[inline(always)]
    unsafe fn load_first(from: *const Self::T, count: usize) -> Self {
        const { assert!(Self::COUNT <= MAX_COUNT) };
        let mut numbers = [Self::T::default(); MAX_COUNT];
        // SAFETY: `count` numbers can be read at `from`, by the caller's promise. The array is new memory of its own, no
        // shorter than `COUNT` numbers, so they fit into it and a register can be loaded from it.
        unsafe {
            from.copy_to_nonoverlapping(numbers.as_mut_ptr(), count);
            Self::load(numbers.as_ptr())
        }
    }
    /// Writes the first `count` numbers.
    ///
    /// # Safety
    ///
    /// `count` numbers can be written there, and `count <= COUNT`.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut Self::T, count: usize) {
        const { assert!(Self::COUNT <= MAX_COUNT) };
        let mut numbers = [Self::T::default(); MAX_COUNT];
        // SAFETY: the array is new memory of its own, no shorter than `COUNT` numbers, so a register can be stored there
        // and `count` numbers read. They can be written at `to`, by the caller's promise.
        unsafe {
            self.store(numbers.as_mut_ptr());
            to.copy_from_nonoverlapping(numbers.as_ptr(), count);
        }
    }
    /// `self + x`
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    #[inline(always)]
    unsafe fn plus(self, x: Self) -> Self {
        // SAFETY: the processor has the instructions: the caller's promise.
        unsafe { Self::splat(Self::T::one()).mul_add(self, x) }
    }
    /// `self * x + y`, rounded once.
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    unsafe fn mul_add(self, x: Self, y: Self) -> Self;
    /// Fetches what lies there into the first cache; any address will do.
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    unsafe fn prefetch(at: *const Self::T);
    /// `to[i * to_stride + j] = from[j * from_stride + i]` for `i` and `j` below `BLOCK`, in the order of `i`.
    ///
    /// # Safety
    ///
    /// All these numbers of `from` can be read, and those of `to` written, elsewhere in memory.
    unsafe fn transpose(
        from: *const Self::T,
        from_stride: usize,
        to: *mut Self::T,
        to_stride: usize,
    );
}

/// Registers of any processor: arrays, which compilers keep in them. Without instructions of their own, only pointers
/// make methods unsafe.
macro_rules! arrays {
    ($($t:ident * $count:literal;)*) => {$(
        impl Lanes for [$t; $count] {
            type T = $t;
            const COUNT: usize = $count;
            const BLOCK: usize = $count;

            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: `COUNT` numbers, which are one array, can be read at `from`: the caller's promise.
                unsafe { from.cast::<Self>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: `COUNT` numbers, which are one array, can be written at `to`: the caller's promise.
                unsafe { to.cast::<Self>().write_unaligned(self) }
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                [x; $count]
            }
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                fma::mul_add(self, x, y)
            }
            #[inline(always)]
            unsafe fn prefetch(_: *const $t) {}
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: usize, to: *mut $t, to_stride: usize) {
                for i in 0..$count {
                    for j in 0..$count {
                        // SAFETY: `i` and `j` are below `BLOCK`: the caller promises both places.
                        unsafe { *to.add(i * to_stride + j) = *from.add(j * from_stride + i) };
                    }
                }
            }
        }
    )*};
}

arrays! {
    f32 * 4;
    f64 * 2;
}
