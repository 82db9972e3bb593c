# Compresses FILES beside OUTPUT and writes OUTPUT, C++ that holds them.
#   cmake -D GZIP=... -D FILES=... -D html=... -D css=... -D js=... -D OUTPUT=... -P embed.cmake
# html, css and js are the content types of files that end so.
get_filename_component(folder ${OUTPUT} DIRECTORY)
set(number 0)
set(bytes "")
set(symbols "")
set(table "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  get_filename_component(ending ${file} LAST_EXT)
  string(SUBSTRING ${ending} 1 -1 ending)
  if(NOT DEFINED ${ending})
    message(FATAL_ERROR "The wall page has ${name}, whose content type embed.cmake does not know.")
  endif()
  set(compressed ${folder}/${name}.gz)
  execute_process(COMMAND ${GZIP} -n -9 INPUT_FILE ${file} OUTPUT_FILE ${compressed}
    COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  set(symbol deskpulse_wall_${number})
  string(APPEND bytes "    \"${symbol}: .incbin \\\"${compressed}\\\"\\n\"\n"
    "    \"${symbol}_end:\\n\"\n")
  string(APPEND symbols "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  string(APPEND table
    "      Asset{\"${name}\", \"${${ending}}\", {${symbol}, ${symbol}_end}, \"${hash}\"},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Written by embed.cmake.
#include \"daemon/wall/assets.hpp\"

#include <array>

asm(\".pushsection .rodata\\n\"
${bytes}    \".popsection\\n\");
extern \"C\" {
${symbols}}

namespace deskpulse::wall {

std::span<const Asset> assets() {
  static const std::array<Asset, ${number}> table{
${table}  };
  return table;
}

}  // namespace deskpulse::wall
")
