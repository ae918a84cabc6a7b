//! stock_model
