"""What tests share: made-up days, servers of their own, children in processes of their own."""
