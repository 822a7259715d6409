//! FindCoordinator: which broker coordinates a group.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{GroupId, NodeId};

/// Asks for the coordinators of some groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindCoordinatorRequest {
    /// The groups.
    pub coordinator_keys: Vec<GroupId>,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindCoordinatorResponse {
    /// One for each group of the request.
    pub coordinators: Vec<Coordinator>,
}

/// Who coordinates a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coordinator {
    /// The group.
    pub key: GroupId,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The broker, or -1.
    pub node_id: NodeId,
}
