//! [`Lanes`]: a vector register of numbers, for products, whose sums must stay in registers.

use num_traits::Float;

/// Numbers in the widest register.
const MAX_COUNT: usize = 16;

/// A register of `COUNT` numbers.
///
/// # Safety
///
/// Every method needs a processor with the register's instructions (AVX2 and FMA, or AVX-512 F), and must be inlined
/// into a function compiled for them: loops over registers are `for` loops, since a closure that is not inlined calls
/// each instruction as a function. A pointer must be good for as many numbers as are read or written there.
pub(super) trait Lanes: Copy {
    type T: Float + Default;
    const COUNT: usize;
    /// Rows and columns of what `transpose` turns.
    const BLOCK: usize;

    // SAFETY: of this method and all below: the caller's promise, as the trait words it.
    unsafe fn load(from: *const Self::T) -> Self;
    // SAFETY: see above.
    unsafe fn store(self, to: *mut Self::T);
    // SAFETY: see above.
    unsafe fn splat(x: Self::T) -> Self;
    /// The first `count` numbers from there on, then zeros.
    // SAFETY: see above.
    #[inline(always)]
    unsafe fn load_first(from: *const Self::T, count: usize) -> Self {
        let mut numbers = [Self::T::default(); MAX_COUNT];
        // SAFETY: see above; an array holds any register.
        unsafe {
            from.copy_to_nonoverlapping(numbers.as_mut_ptr(), count);
            Self::load(numbers.as_ptr())
        }
    }
    /// Writes the first `count` numbers.
    // SAFETY: see above.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut Self::T, count: usize) {
        let mut numbers = [Self::T::default(); MAX_COUNT];
        // SAFETY: see above; an array holds any register.
        unsafe {
            self.store(numbers.as_mut_ptr());
            to.copy_from_nonoverlapping(numbers.as_ptr(), count);
        }
    }
    /// The sum of all numbers, by halves.
    // SAFETY: see above.
    #[inline(always)]
    unsafe fn sum(self) -> Self::T {
        let mut numbers = [Self::T::default(); MAX_COUNT];
        // SAFETY: an array holds any register.
        unsafe { self.store(numbers.as_mut_ptr()) };
        let mut half = Self::COUNT / 2;
        while half > 0 {
            for i in 0..half {
                numbers[i] = numbers[i] + numbers[i + half];
            }
            half /= 2;
        }
        numbers[0]
    }
    /// `self * x + y`, rounded once where the processor can.
    // SAFETY: see above.
    unsafe fn mul_add(self, x: Self, y: Self) -> Self;
    /// Fetches what lies there into the first cache; any address will do.
    // SAFETY: see above.
    unsafe fn prefetch(at: *const Self::T);
    /// `to[i * to_stride + j] = from[j * from_stride + i]` for `i` and `j` below `BLOCK`, in the order of `i`.
    // SAFETY: see above.
    unsafe fn transpose(
        from: *const Self::T,
        from_stride: usize,
        to: *mut Self::T,
        to_stride: usize,
    );
}

/// Registers of any processor: arrays, which compilers keep in them.
macro_rules! arrays {
    ($($t:ident * $count:literal;)*) => {$(
        // SAFETY: of each method: the caller's promise about pointers is all that is needed.
        impl Lanes for [$t; $count] {
            type T = $t;
            const COUNT: usize = $count;
            const BLOCK: usize = $count;

            // SAFETY: see above.
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: see above.
                unsafe { from.cast::<Self>().read_unaligned() }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: see above.
                unsafe { to.cast::<Self>().write_unaligned(self) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                [x; $count]
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                // Without the instruction, one rounding costs a call.
                if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                    std::array::from_fn(|i| self[i].mul_add(x[i], y[i]))
                } else {
                    std::array::from_fn(|i| self[i] * x[i] + y[i])
                }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn prefetch(_: *const $t) {}
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: usize, to: *mut $t, to_stride: usize) {
                for i in 0..$count {
                    for j in 0..$count {
                        // SAFETY: see above.
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
