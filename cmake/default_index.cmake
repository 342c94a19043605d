# The PyPI index that is used when neither the user's pip nor uv configuration names one. It is taken from pip on the
# building machine, so that no file of this repository spells a host.
set(AIMLOCK_DEFAULT_INDEX "" CACHE STRING "Default PyPI simple index (empty: ask the building machine's pip)")
if(AIMLOCK_DEFAULT_INDEX STREQUAL "")
    find_program(AIMLOCK_PYTHON3 NAMES python3 REQUIRED)
    foreach(python IN ITEMS ${AIMLOCK_PYTHON3} /usr/bin/python3)
        execute_process(COMMAND ${python} -c "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
            OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
        if(NOT failed AND found MATCHES "^https?://")
            set(AIMLOCK_DEFAULT_INDEX "${found}" CACHE STRING "Default PyPI simple index" FORCE)
            break()
        endif()
    endforeach()
    if(AIMLOCK_DEFAULT_INDEX STREQUAL "")
        message(WARNING "No pip found: this build has no default PyPI index. Pass -DAIMLOCK_DEFAULT_INDEX=URL.")
    endif()
endif()
