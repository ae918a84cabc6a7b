//! What people see of payments: here the page of the test gateway.

pub mod actions;
mod test_gateway;

pub use test_gateway::TestGatewayPage;
