/* Included before each C file of the compiled core.

A product of large integers lets Python's signal handlers run. If one of them raises, as that of Ctrl-C does, there is no
product, and mypyc's runtime takes that for a lack of memory: it aborts the process. Here the product is computed all the
same, and what the handler has raised is raised by the next interpreted step. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static int raise_later(void *value) {
    PyErr_SetObject((PyObject *)Py_TYPE((PyObject *)value), (PyObject *)value);
    Py_DECREF((PyObject *)value);
    return -1;
}

static inline PyObject *whole_product(PyObject *left, PyObject *right) {
    PyObject *result = PyNumber_Multiply(left, right);
    while (result == NULL && PyLong_CheckExact(left) && PyLong_CheckExact(right)
           && !PyErr_ExceptionMatches(PyExc_MemoryError) && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (traceback != NULL) {
            PyException_SetTraceback(value, traceback);
        }
        Py_XDECREF(traceback);
        Py_DECREF(type);
        if (Py_AddPendingCall(raise_later, value) < 0) {
            /* Too many are pending: one of them interrupts. */
            Py_DECREF(value);
        }
        result = PyNumber_Multiply(left, right);
    }
    return result;
}

#define PyNumber_Multiply whole_product
