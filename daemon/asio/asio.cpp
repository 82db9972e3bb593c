// Boost.Asio and Boost.Beast, compiled once: with BOOST_*_SEPARATE_COMPILATION every other file
// only sees declarations of what is not a template.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
