"""The page of phones: workers who are not real write and ring, as real ones would. In the sandbox alone."""
