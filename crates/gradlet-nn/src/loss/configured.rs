//! What all losses share: the struct of settings, a method for each, the printed text, and `forward`.

/// A module of settings and, with an element type, of optional weights, whose `forward` is an expression of its inputs.
macro_rules! configured {
    // Without weights: one struct for both element types.
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$of:meta])* $setting:ident: $type:ty = $default:expr,)* }
        |$this:ident, $($input:ident: $input_type:ty),*| $value:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Module)]
        #[module(describe = Self::settings)]
        pub struct $name {
            $($(#[$of])* #[module(skip)] pub $setting: $type,)*
            mode: Mode,
        }

        configured!(@shared [] $name [$($setting: $type = $default,)*] []);

        impl $name {
            /// The value for these inputs.
            ///
            /// # Errors
            ///
            /// As for the function that the docs of the type name.
            #[track_caller]
            pub fn forward<T: Float>(&self, $($input: &$input_type),*) -> Result<Var<T>> {
                let $this = self;
                $value.map_err(|error| self.name_in(error))
            }
        }
    };
    // With weights, which are tensors of an element type.
    (
        $(#[$about:meta])*
        $name:ident<T> [$($(#[$of_weight:meta])* $weight:ident),*] {
            $($(#[$of:meta])* $setting:ident: $type:ty = $default:expr,)*
        }
        |$this:ident, $($input:ident: $input_type:ty),*| $value:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Module)]
        #[module(describe = Self::settings)]
        pub struct $name<T: Float = f32> {
            $($(#[$of_weight])* pub $weight: Option<Buffer<T>>,)*
            $($(#[$of])* #[module(skip)] pub $setting: $type,)*
            mode: Mode,
        }

        configured!(@shared [T: Float] $name<T> [$($setting: $type = $default,)*] [$($weight)*]);

        impl<T: Float> $name<T> {
            $(
                #[doc = concat!("Sets [`", stringify!($weight), "`](Self#structfield.", stringify!($weight), ").")]
                pub fn $weight(self, $weight: Tensor<T>) -> Self {
                    let $weight = Some(Buffer::new($weight));
                    Self { $weight, ..self }
                }
            )*

            /// The value for these inputs.
            ///
            /// # Errors
            ///
            /// As for the function that the docs of the type name.
            #[track_caller]
            pub fn forward(&self, $($input: &$input_type),*) -> Result<Var<T>> {
                let $this = self;
                $value.map_err(|error| self.name_in(error))
            }
        }
    };
    (
        @shared [$($generic:tt)*] $name:ty [$($setting:ident: $type:ty = $default:expr,)*] [$($weight:ident)*]
    ) => {
        impl<$($generic)*> Default for $name {
            fn default() -> Self {
                Self { $($weight: None,)* $($setting: $default,)* mode: Mode::Train }
            }
        }

        impl<$($generic)*> $name {
            /// `PyTorch`'s defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($setting), "`](Self#structfield.", stringify!($setting), ").")]
                pub fn $setting(self, $setting: $type) -> Self {
                    Self { $setting, ..self }
                }
            )*

            /// The settings that are not the default.
            fn settings(&self) -> String {
                let (plain, mut texts) = (Self::default(), Vec::<String>::new());
                $(if self.$setting != plain.$setting {
                    texts.push(format!("{} {:?}", stringify!($setting), self.$setting));
                })*
                texts.join(", ")
            }
        }
    };
}

pub(super) use configured;
