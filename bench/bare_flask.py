"""The least that an API can do: Flask takes a JSON body, inserts it and commits. Served as ours is."""

import threading

import psycopg
from flask import Flask, request
from gunicorn.app.base import BaseApplication

import settings
from cli.serving import server_options

TABLE = "CREATE TABLE bare_requests (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb NOT NULL)"
INSERT = "INSERT INTO bare_requests (body) VALUES (%s) RETURNING id"

app = Flask(__name__)
_of_thread = threading.local()


@app.post("/")
def accept() -> tuple[dict, int]:
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = psycopg.connect(settings.current().database_url)
    with _of_thread.connection.cursor() as cursor:
        cursor.execute(INSERT, [psycopg.types.json.Jsonb(request.get_json())])
        [made] = cursor.fetchone()
    _of_thread.connection.commit()
    return {"id": made}, 201


class Server(BaseApplication):
    def load_config(self) -> None:
        for name, value in server_options(settings.current()).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Server().run()
