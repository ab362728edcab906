//! The rules that the code keeps, as checks of its source text.

mod functions;
mod kept_bytes;
mod op_docs;
mod rules;
mod source;

pub use functions::{Function, functions, uncalled};
pub use kept_bytes::kept_bytes;
pub use op_docs::{op_docs, operations};
pub use rules::{
    ARCHITECTURE_LINES, banned_calls, document_length, file_length, forbids_unsafe,
    function_length, helper_names, ignored_examples, op_file, opening_line, table_of_contents,
    unfinished, unsafe_places,
};
pub use source::Source;
