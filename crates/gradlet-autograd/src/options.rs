//! Structs of a function's settings, with their defaults and a method for each.

/// A `Copy` struct of public settings, `new` with the defaults, and for each setting a method that sets it.
macro_rules! options {
    ($(#[$about:meta])* $name:ident {
        $($(#[$setting_about:meta])* $setting:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            $($(#[$setting_about])* pub $setting: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($setting: $default,)* }
            }
        }

        impl $name {
            /// The defaults, which are `PyTorch`'s.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($setting), "`](Self#structfield.", stringify!($setting), ").")]
                pub fn $setting(self, $setting: $type) -> Self {
                    Self { $setting, ..self }
                }
            )*
        }
    };
}

pub(crate) use options;
