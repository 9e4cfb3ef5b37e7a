# embed_text (TARGET SYMBOL FILE): FILE becomes `const char SYMBOL[]` and `const size_t SYMBOL_length`
# in TARGET, NUL-terminated.
function (embed_text target symbol file)
  set (output ${CMAKE_BINARY_DIR}/generated/${symbol}.c)
  add_custom_command (OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_SOURCE_DIR}/${file} -DOUTPUT=${output} -DSYMBOL=${symbol}
      -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake VERBATIM)
  target_sources (${target} PRIVATE ${output})
endfunction ()
