//! [`AnyTensor`]: a tensor of any element type.

use std::any::Any;

use gradlet_tensor::{Element, Float, Shape, Tensor};

use crate::buffer::Buffer;
use crate::parameter::Parameter;

macro_rules! any_tensor {
    ($($name:ident $t:ty),*) => {
        /// A tensor of any element type, as a [`State`](crate::State) holds it.
        ///
        /// # Example
        ///
        /// ```
        /// use gradlet_nn::AnyTensor;
        /// use gradlet_tensor::{Tensor, tensor};
        ///
        /// let x = AnyTensor::from(tensor![1.0, 2.0]);
        /// assert_eq!((x.element(), &x.shape()[..]), ("f32", &[2][..]));
        /// assert_eq!(x.get::<f32>(), Some(&tensor![1.0, 2.0]));
        /// assert_eq!(x.get::<f64>(), None);
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each is named after its element type")]
        pub enum AnyTensor {
            $($name(Tensor<$t>),)*
        }

        impl<T: Element> From<Tensor<T>> for AnyTensor {
            fn from(tensor: Tensor<T>) -> Self {
                let mut tensor = Some(tensor);
                let any: &mut dyn Any = &mut tensor;
                $(if let Some(tensor) = any.downcast_mut::<Option<Tensor<$t>>>().and_then(Option::take) {
                    return Self::$name(tensor);
                })*
                unreachable!("{} is none of the element types", T::NAME)
            }
        }

        impl AnyTensor {
            /// The shape.
            pub fn shape(&self) -> &Shape {
                match self {
                    $(Self::$name(tensor) => tensor.shape(),)*
                }
            }

            /// The name of the element type, such as `f32`.
            pub fn element(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => <$t>::NAME,)*
                }
            }

            /// The tensor, if it has this element type.
            pub fn get<T: Element>(&self) -> Option<&Tensor<T>> {
                let tensor: &dyn Any = match self {
                    $(Self::$name(tensor) => tensor,)*
                };
                tensor.downcast_ref()
            }

            /// What a buffer holds.
            pub(super) fn of_buffer(buffer: &dyn Any) -> Option<Self> {
                $(if let Some(buffer) = buffer.downcast_ref::<Buffer<$t>>() {
                    return Some(buffer.tensor().into());
                })*
                None
            }

            /// Puts this into a buffer, if that has its element type.
            pub(super) fn put_into_buffer(&self, buffer: &mut dyn Any) {
                match self {
                    $(Self::$name(tensor) => {
                        if let Some(buffer) = buffer.downcast_mut::<Buffer<$t>>() {
                            *buffer.tensor_mut() = tensor.clone();
                        }
                    })*
                }
            }
        }
    };
}

any_tensor! { Bool bool, U8 u8, I32 i32, I64 i64, U64 u64, F32 f32, F64 f64 }

impl AnyTensor {
    /// What a parameter holds.
    pub(super) fn of_parameter(parameter: &dyn Any) -> Option<Self> {
        fn of<T: Float>(parameter: &dyn Any) -> Option<AnyTensor> {
            let parameter = parameter.downcast_ref::<Parameter<T>>()?;
            Some(parameter.tensor().clone().into())
        }
        of::<f32>(parameter).or_else(|| of::<f64>(parameter))
    }

    /// Puts this into a parameter, if that has its element type.
    pub(super) fn put_into_parameter(&self, parameter: &mut dyn Any) {
        fn put<T: Float>(tensor: &Tensor<T>, parameter: &mut dyn Any) {
            if let Some(parameter) = parameter.downcast_mut::<Parameter<T>>() {
                *parameter.tensor_mut() = tensor.clone();
            }
        }
        match self {
            Self::F32(tensor) => put(tensor, parameter),
            Self::F64(tensor) => put(tensor, parameter),
            _ => {}
        }
    }

    /// The numbers of a float type in a different one, rounded; anything else stays as it is.
    pub(super) fn cast_floats<T: Float>(&self) -> Self {
        match self {
            Self::F32(tensor) => tensor.cast::<T>().into(),
            Self::F64(tensor) => tensor.cast::<T>().into(),
            other => other.clone(),
        }
    }
}
